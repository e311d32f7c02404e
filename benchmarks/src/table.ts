import type { PeerResult } from './measure.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** Rows under their titles, each column as wide as its widest cell. */
export const formatTable = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]!.align === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Times of peers beside those of kernels written by hand, and below them what the peers do otherwise. */
export const formatByHand = (results: readonly PeerResult[]): string =>
  [
    formatTable(
      [
        { title: 'peer', align: 'left' },
        { title: 'ms a step' },
        { title: '× by hand' },
        { title: 'fastest' },
        { title: '× by hand' },
        { title: 'first step' },
        { title: 'steps' },
        { title: 'last loss' },
      ],
      results.map((r) => [
        r.peer + (r.note === undefined ? '' : ' *'),
        r.medianMs.toFixed(2),
        r.timesReference.toFixed(2),
        r.minMs.toFixed(2),
        r.fastestTimesReference.toFixed(2),
        r.firstStepMs.toFixed(0),
        String(r.steps),
        r.losses.at(-1)!.toFixed(4),
      ]),
    ),
    ...results.filter((r) => r.note !== undefined).map((r) => `* ${r.peer}: ${r.note}`),
  ].join('\n')
