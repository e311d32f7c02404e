import type { Row } from './measure.ts'
import { digits, formatTable } from './table.ts'

/** What a file of `--json` holds. */
export interface Report {
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly rows: readonly Row[]
}

const byTime = (a: Row, b: Row): number => a.threads - b.threads || a.min_ms - b.min_ms

/** The systems on one workload, fastest first for each number of threads, and below them what they do otherwise. */
export const formatRows = (rows: readonly Row[]): string => {
  const references = [...new Set(rows.map(({ reference }) => reference))]
  const table = formatTable(
    [
      { title: 'system', align: 'left' },
      { title: 'threads' },
      { title: 'ms, fastest' },
      { title: 'median' },
      { title: 'spread' },
      { title: references.length === 1 ? `× ${references[0]}` : '× by hand' },
      { title: 'first step' },
      { title: 'steps' },
      { title: 'MiB' },
      { title: 'loss' },
    ],
    rows
      .toSorted(byTime)
      .map((row) => [
        row.system,
        String(row.threads),
        digits(row.min_ms),
        digits(row.median_ms),
        `${(row.spread * 100).toFixed(0)} %`,
        row.ratio === null ? '–' : row.ratio.toFixed(2),
        digits(row.first_step_ms),
        String(row.steps),
        String(row.rss_mb),
        row.loss.toFixed(4),
      ]),
  )
  const notes = new Map(rows.flatMap(({ system, note }) => (note === undefined ? [] : [[system, note]])))
  return [table, ...(notes.size > 0 ? [''] : []), ...[...notes].map(([system, note]) => `- ${system}: ${note}`)].join('\n')
}

/** A line for each workload, a column for each system: its fastest step in ms, with as many threads as it was given. */
export const formatOverview = (rows: readonly Row[]): string => {
  const systems = [...new Set(rows.map(({ system }) => system))]
  const workloads = [...new Set(rows.map(({ workload }) => workload))]
  const fastest = (workload: string, system: string): Row | undefined =>
    rows.filter((row) => row.workload === workload && row.system === system).toSorted((a, b) => b.threads - a.threads)[0]
  return formatTable(
    [{ title: 'ms, fastest', align: 'left' }, ...systems.map((title) => ({ title }))],
    workloads.map((workload) => [
      workload,
      ...systems.map((system) => {
        const row = fastest(workload, system)
        return row ? digits(row.min_ms) : ''
      }),
    ]),
  )
}

/** What has become of each row of `before`: a ratio below 1 is faster. */
export const formatComparison = (before: Report, after: Report): string => {
  const rows = before.rows.flatMap((old) => {
    const now = after.rows.find(
      ({ workload, system, threads }) => workload === old.workload && system === old.system && threads === old.threads,
    )
    return now ? [{ old, now }] : []
  })
  const inReferences = ({ ratio }: Row): string => (ratio === null ? '–' : ratio.toFixed(2))
  return formatTable(
    [
      { title: 'workload', align: 'left' },
      { title: 'system', align: 'left' },
      { title: 'threads' },
      { title: 'ms before' },
      { title: 'after' },
      { title: 'after / before' },
      { title: '× reference before' },
      { title: 'after' },
    ],
    rows.map(({ old, now }) => [
      old.workload,
      old.system,
      String(old.threads),
      digits(old.min_ms),
      digits(now.min_ms),
      (now.min_ms / old.min_ms).toFixed(2),
      inReferences(old),
      inReferences(now),
    ]),
  )
}
