import { seriesColor, seriesCount } from './colors.ts'
import { create, dot, element } from './elements.ts'
import type { PageContent } from './page-data.ts'

/** Lists the packages with their colours; a click shows or hides one. */
export function showLegend(
  { packages, points }: PageContent,
  onToggle: (series: number, isShown: boolean) => void,
): void {
  const counts = new Array<number>(seriesCount + 1).fill(0)
  for (const number of points.package) {
    const series = Math.min(number, seriesCount)
    counts[series] = (counts[series] ?? 0) + 1
  }
  const names = packages.slice(0, seriesCount)
  const otherCount = packages.length - names.length
  if (otherCount > 0) names.push(otherCount === 1 ? (packages[seriesCount] ?? '') : `${otherCount} others`)

  element('legend').replaceChildren(
    ...names.map((name, series) => {
      const count = create('span', 'count', (counts[series] ?? 0).toLocaleString('en-US'))
      const button = create('button', 'package', dot(seriesColor(series)), name, count)
      button.type = 'button'
      button.ariaPressed = 'true'
      button.addEventListener('click', () => {
        const isShown = button.ariaPressed !== 'true'
        button.ariaPressed = String(isShown)
        onToggle(series, isShown)
      })
      return create('li', '', button)
    }),
  )
}
