import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allSamples, randn, samples } from '@tenon/tensor/samples'
import { describe, expect, test } from 'vitest'
import { opBackends } from './backends.ts'
import { hostKernels } from './host-kernels.ts'
import { gradientSkip, kindSkip, torchSkip } from './op-support.ts'
import { type Section, sections, skips, supportTable } from './support-table.ts'

const file = join(fileURLToPath(new URL('../../..', import.meta.url)), 'docs/support.md')
const tables = await sections()
const host = await hostKernels()

describe('docs/support.md', () => {
  test('says what the suites run: node scripts/generate-support-table.mjs writes it anew', async () => {
    await expect(supportTable(tables)).toMatchFileSnapshot(file)
  })

  test.each(tables)('$title: nothing is skipped without a reason', (table) => {
    expect(table.rows.length).toBeGreaterThan(0)
    expect(skips(table).filter(({ cell }) => cell.reasons.length === 0 || cell.reasons.some((reason) => reason.trim() === ''))).toEqual([])
  })

  test('counts every skip that the suites of ops make', () => {
    const [ops] = tables as [Section]
    const place = (reasons: readonly (string | null)[]): number => Number(reasons.some((reason) => reason !== null))
    const expected = allSamples.map((s) => {
      const cases = s.cases.map((_, i) => i)
      const kinds = (['plain', 'broadcast', 'size-one', 'empty', 'non-contiguous'] as const).filter((kind) => kindSkip(s, kind) !== null)
      const elsewhere = opBackends.filter(
        ({ name, skip }) => s.name in skip || (name.startsWith('gpujs') && host.get(s.name)!.reasons.length > 0),
      )
      return kinds.length + elsewhere.length + place(cases.map((i) => gradientSkip(s, i))) + place(cases.map((i) => torchSkip(s, i)))
    })
    expect(skips(ops)).toHaveLength(expected.reduce((a, b) => a + b))
    expect(ops.rows.map(({ name }) => name).sort()).toEqual(allSamples.map(({ name }) => name).sort())
  })

  test('a skip that nobody gave a reason for is found', () => {
    const silent = samples(
      function unexplained(a) {
        return a
      },
      { torch: { none: '' }, inputs: [[randn([2]), randn([2])]] },
    )
    expect(kindSkip(silent, 'empty')).toBeNull()
    expect(torchSkip(silent, 0)).toBe('')
    const cells = [{ text: '–', reasons: [] }]
    const table: Section = { title: '', about: '', columns: [], rows: [{ name: 'unexplained', cells }] }
    expect(skips(table)).toEqual([{ where: 'unexplained, column 1', cell: cells[0] }])
  })
})
