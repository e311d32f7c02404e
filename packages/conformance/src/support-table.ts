/** docs/support.md, written from what the suites run. */
import { allSamples, caseKinds, type Samples } from '@tenon/tensor/samples'
import { backends } from './backends.ts'
import { casesOf, gradientSkip, kindSkip, torchSkip } from './op-support.ts'

/** What stands in one place of a table: how many cases run, or a mark; and why others do not. */
export interface Cell {
  readonly text: string
  readonly reasons: readonly string[]
}

export interface Section {
  readonly title: string
  readonly about: string
  readonly columns: readonly string[]
  readonly rows: readonly { readonly name: string; readonly cells: readonly Cell[] }[]
}

const none = '–'
const yes: Cell = { text: '✓', reasons: [] }

/** How many of the cases run, given why each is skipped. */
function counted(skips: readonly (string | null)[]): Cell {
  const run = skips.filter((reason) => reason === null).length
  return { text: run > 0 ? String(run) : none, reasons: [...new Set(skips.filter((reason) => reason !== null))] }
}

function opRow(samples: Samples): Section['rows'][number] {
  const cases = samples.cases.map((_, i) => i)
  const kinds = caseKinds.map((kind): Cell => {
    const count = casesOf(samples, kind)
    const reason = kindSkip(samples, kind)
    return { text: count > 0 ? String(count) : none, reasons: reason === null ? [] : [reason] }
  })
  const onBackends = backends.map(({ skip }): Cell => {
    const reason = skip[samples.name]
    return reason === undefined ? yes : { text: none, reasons: [reason] }
  })
  const gradient = counted(cases.map((i) => gradientSkip(samples, i)))
  const torch = counted(cases.map((i) => torchSkip(samples, i)))
  return { name: samples.name, cells: [...kinds, ...onBackends, gradient, torch] }
}

const ops = (): Section => ({
  title: 'Ops',
  about:
    'Cases of each kind; a case may be of two. Each runs on each backend in four layouts (as it lies, permuted, sliced, computed) and is compared with `backend-cpu`; ' +
    'its gradient is checked against differences in float64; and value and gradient are compared with PyTorch 1.13.',
  columns: ['op', ...caseKinds, ...backends.map(({ name }) => name), 'gradient', 'PyTorch'],
  rows: [...allSamples].sort((a, b) => (a.name < b.name ? -1 : 1)).map(opRow),
})

/** The tables, each from the list that its suite runs. What has a list that suites run (layers, losses, optimizers) gets a section here. */
export const sections = (): readonly Section[] => [ops()]

/** Cells in which something is left out. */
export const skips = ({ rows }: Section): { where: string; cell: Cell }[] =>
  rows
    .flatMap(({ name, cells }) => cells.map((cell, c) => ({ where: `${name}, column ${c + 1}`, cell })))
    .filter(({ cell }) => cell.text === none || cell.reasons.length > 0)

export function supportTable(tables: readonly Section[]): string {
  const notes: string[] = []
  const noteOf = (reason: string): number => (notes.includes(reason) ? notes.indexOf(reason) + 1 : notes.push(reason))
  const show = ({ text, reasons }: Cell): string => (reasons.length > 0 ? `${text}<sup>${reasons.map(noteOf).join(', ')}</sup>` : text)
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const bodies = tables.map((section) =>
    [
      `## ${section.title}`,
      '',
      section.about,
      '',
      `${section.rows.length} rows; in ${skips(section).length} places something is left out, each with its reason below.`,
      '',
      line(section.columns),
      line(section.columns.map(() => '---')),
      ...section.rows.map(({ name, cells }) => line([`\`${name}\``, ...cells.map(show)])),
      '',
    ].join('\n'),
  )
  return [
    '<!-- Written by `node scripts/generate-support-table.mjs` from what the suites run. A test fails where it is out of date. -->',
    '# What is supported, and what proves it',
    '',
    'Nothing here is a claim by hand: each number counts cases that `pnpm test` runs, and a case that does not hold fails it.',
    '',
    ...bodies,
    '## Reasons',
    '',
    ...notes.map((reason, i) => `${i + 1}. ${reason}`),
    '',
  ].join('\n')
}
