/** The element of the template with this id. */
export function element(id: string): HTMLElement
export function element<Type extends HTMLElement>(id: string, type: new () => Type): Type
export function element(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`)
  return found
}

/** A new element that holds text and other elements; text is never read as HTML. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** The coloured dot of a package. */
export function dot(colorName: string): HTMLSpanElement {
  const made = create('span', 'dot')
  made.style.background = `var(--${colorName})`
  return made
}
