/** The kernels' figures as Markdown. */
export interface Distance {
  readonly instructionSet: string
  readonly element: 'float' | 'code'
  readonly access: 'hot' | 'random' | 'scan'
  readonly dimension: number
  readonly ns: number
  readonly gigabytesPerSecond: number
  readonly shareOfRead: number
}

export interface KernelResults {
  readonly cpu: string
  readonly date: string
  readonly readGigabytesPerSecond: number
  readonly distances: readonly Distance[]
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** Nanoseconds for a distance, by instruction set and dimension. */
export function kernelsTable({ distances }: KernelResults): string {
  const head = ['instructions', 'dimension', 'float hot', 'random', 'scan', 'of read', 'code hot', 'random']
  const keys = new Map(
    distances.map(({ instructionSet, dimension }) => [
      `${instructionSet} ${dimension}`,
      { instructionSet, dimension },
    ]),
  )
  return [
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...[...keys.values()].map(({ instructionSet, dimension }) => {
      const find = (element: Distance['element'], access: Distance['access']) =>
        distances.find(
          (each) =>
            each.instructionSet === instructionSet &&
            each.dimension === dimension &&
            each.element === element &&
            each.access === access,
        )
      const ns = (element: Distance['element'], access: Distance['access']) =>
        `${find(element, access)?.ns ?? '–'} ns`
      return row([
        instructionSet,
        String(dimension),
        ns('float', 'hot'),
        ns('float', 'random'),
        ns('float', 'scan'),
        `${Math.round((find('float', 'scan')?.shareOfRead ?? 0) * 100)} %`,
        ns('code', 'hot'),
        ns('code', 'random'),
      ])
    }),
  ].join('\n')
}
