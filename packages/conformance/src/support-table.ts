/** docs/support.md, written from what the suites run. */
import { allSamples, caseKinds, type Samples } from '@tenon/tensor/samples'
import { backends, opBackends } from './backends.ts'
import { type HostKernels, hostKernels } from './host-kernels.ts'
import { layerCases } from './layer-cases.ts'
import { casesOf, gradientSkip, kindSkip, torchSkip } from './op-support.ts'
import { readFixture } from './torch-answers.ts'

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

/** What gpu.js does with an op. */
function onGpujs({ reasons, onDevice }: HostKernels): Cell {
  if (reasons.length === 0) return yes
  return { text: onDevice ? 'partly' : 'host', reasons: reasons.map((reason) => `on the host: ${reason}`) }
}

function opRow(samples: Samples, host: HostKernels): Section['rows'][number] {
  const cases = samples.cases.map((_, i) => i)
  const kinds = caseKinds.map((kind): Cell => {
    const count = casesOf(samples, kind)
    const reason = kindSkip(samples, kind)
    return { text: count > 0 ? String(count) : none, reasons: reason === null ? [] : [reason] }
  })
  const onBackends = opBackends.map(({ name, skip }): Cell => {
    const reason = skip[samples.name]
    if (reason !== undefined) return { text: none, reasons: [reason] }
    return name.startsWith('gpujs') ? onGpujs(host) : yes
  })
  const gradient = counted(cases.map((i) => gradientSkip(samples, i)))
  const torch = counted(cases.map((i) => torchSkip(samples, i)))
  return { name: samples.name, cells: [...kinds, ...onBackends, gradient, torch] }
}

const ops = (host: ReadonlyMap<string, HostKernels>): Section => ({
  title: 'Ops',
  about:
    'Cases of each kind; a case may be of two. Each runs on each backend in four layouts (as it lies, permuted, sliced, computed) and is compared with `backend-cpu`; ' +
    'its gradient is checked against differences in float64; and value and gradient are compared with PyTorch 1.13. ' +
    'On gpu.js ✓ is all on the device; the rest is computed on the host, partly or wholly. No case is in float64, which `backend-cpu` alone has.',
  columns: ['op', ...caseKinds, ...opBackends.map(({ name }) => name), 'gradient', 'PyTorch'],
  rows: [...allSamples].sort((a, b) => (a.name < b.name ? -1 : 1)).map((samples) => opRow(samples, host.get(samples.name)!)),
})

/** The elements by a name that they share, names in order. */
function grouped<T>(list: readonly T[], nameOf: (element: T) => string): [name: string, elements: T[]][] {
  const groups = new Map<string, T[]>()
  for (const element of list) groups.set(nameOf(element), [...(groups.get(nameOf(element)) ?? []), element])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

const everywhere = backends.map(() => yes)

const layers = (): Section => ({
  title: 'Layers',
  about:
    'Settings that `describeLayer` runs: eagerly, under jit and on each backend, training and in eval(); gradients against differences in float64, by inputs and ' +
    'parameters; state dicts; errors; and outputs, gradients and buffers compared with PyTorch 1.13.',
  columns: ['layer', 'settings', ...backends.map(({ name }) => name), 'gradient', 'PyTorch'],
  rows: grouped(layerCases, ({ make }) => make('float32').constructor.name).map(([name, cases]) => ({
    name,
    cells: [
      { text: String(cases.length), reasons: [] },
      ...everywhere,
      counted(cases.map(({ noDifferences }) => noDifferences ?? null)),
      {
        text: String(cases.length),
        reasons: cases.some(({ random }) => random) ? ['random while training: PyTorch is asked in eval() alone'] : [],
      },
    ],
  })),
})

/** What was answered for each name. */
const answered = (title: string, about: string, file: string, key: string): Section => ({
  title,
  about,
  columns: ['name', ...backends.map(({ name }) => name), 'answers'],
  rows: grouped(Object.values(readFixture<Readonly<Record<string, Readonly<Record<string, unknown>>>>>(file)), (answer) =>
    String(answer[key]),
  ).map(([name, answers]) => ({ name, cells: [...everywhere, { text: String(answers.length), reasons: [] }] })),
})

const losses = (): Section =>
  answered(
    'Losses',
    'Inputs and options with PyTorch’s value and gradients: as a function, as a module and under jit.',
    'losses.json',
    'loss',
  )
const optimizers = (): Section =>
  answered(
    'Optimizers',
    'Settings with the losses and weights of ten steps, made by `scripts/fixtures/optimizers.py`.',
    'optimizers.json',
    'kind',
  )

/** The tables, each from the list that its suite runs. Another list that suites run gets its section here. */
export const sections = async (): Promise<readonly Section[]> => [ops(await hostKernels()), layers(), losses(), optimizers()]

/** Cells in which something is left out, or computed elsewhere. */
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
      `${section.rows.length} rows; ${skips(section).length > 0 ? `in ${skips(section).length} places something is left out or computed elsewhere, each with its reason below` : 'nothing is left out'}.`,
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
