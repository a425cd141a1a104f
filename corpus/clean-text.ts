const htmlTag =
  /<\/?(?:a|b|br|p|i|em|strong|div|span|img|code|pre|details|summary|picture|source|table|thead|tbody|tr|td|th|ul|ol|li|dl|dt|dd|h[1-6]|sub|sup|kbd|center|hr|font|caption|blockquote)(?:\s[^<>]*)?\/?>/gi

/**
 * Turns Markdown or JSDoc prose into plain words: links become their text, images, comments and HTML tags go,
 * `**` around words goes, lines that hold nothing but a link (badges, "MDN Reference") go. Code keeps its back-ticks.
 */
export function plainText(source: string): string {
  return source
    .replace(/!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])/g, '')
    .replace(/^[ \t]*\[[^\]\n]*\]\([^)\n]*\)[ \t]*$/gm, '')
    .replace(/\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)/g, '$1')
    .replace(/\[([^\]\n]*)\]\[[^\]\n]*\]/g, '$1')
    .replace(
      /\{@(?:link|linkcode|linkplain|inheritDoc)\s+([^}|\s]+)(?:[|\s]+([^}]*))?\}/g,
      (_, target: string, label: string | undefined) => (label || target).trim(),
    )
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(htmlTag, '')
    .replace(/\*\*(\S(?:[^*\n]*\S)?)\*\*/g, '$1')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** The words of a documentation comment, without the stars and slashes around them. */
export function commentText(comment: string): string {
  const inner = comment.replace(/^\/\*+/, '').replace(/\*+\/$/, '')
  return plainText(inner.replace(/^[ \t]*\*[ \t]?/gm, ''))
}

/** Removes the first `indent` blanks of every line that has them. */
export function dedent(code: string, indent: number): string {
  return code.replace(new RegExp(`^[ \\t]{1,${Math.max(indent, 1)}}`, 'gm'), (blanks) => blanks.slice(indent))
}
