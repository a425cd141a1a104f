import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colours `text` where standard output shows colours; respects `NO_COLOR`. */
export function style(format: Format, text: string): string {
  const hasColors = process.stdout.isTTY && process.stdout.hasColors()
  return hasColors ? styleText(format, text) : text
}

/** `12345.6` → `12,346`. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** `1234` → `1.2 s`. */
export function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`
}

/** `text` without control characters, so that no document can command the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '')
}
