export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** A Markdown table, each column as wide as its widest cell. */
export const formatTable = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  const widths = columns.map(({ title }, i) => Math.max(title.length, 3, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (columns[i]!.align === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = columns.map(({ align }, i) => (align === 'left' ? '-'.repeat(widths[i]!) : `${'-'.repeat(widths[i]! - 1)}:`))
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)].join('\n')
}

/** Three digits that count, whatever the size. */
export const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
