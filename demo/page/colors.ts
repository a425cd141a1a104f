import type { Rgb } from './stamp.ts'

/** Packages with a colour of their own; the others share one. */
export const seriesCount = 12

/** A colour of the style sheet as it is at present, light or dark. */
export function themeColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

/** The same as red, green and blue; the style sheet gives these colours as `#rrggbb`. */
export function themeRgb(name: string): Rgb {
  const number = Number.parseInt(themeColor(name).slice(1), 16)
  return [number >> 16, (number >> 8) & 255, number & 255]
}

/** The name of a package's colour; packages are numbered by falling size. */
export function seriesColor(packageNumber: number): string {
  return packageNumber < seriesCount ? `series-${packageNumber}` : 'rest'
}

/** Calls `redraw` when the reader switches between light and dark. */
export function onThemeChange(redraw: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
}
