import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Contender } from './contender.ts'
import { measure } from './measure.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-measure-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A peer that answers each turn with what `answer`, JavaScript over `steps`, says. */
const contender = async (system: string, answer: string, rest: Partial<Contender> = {}): Promise<Contender> => {
  const file = join(folder, `${system}.mjs`)
  await writeFile(file, `let steps = 0\nprocess.on('message', () => { steps++; ${answer} })\n`)
  return { system, threads: 1, program: { command: process.execPath, args: [file] }, reference: 'a', ...rest }
}
const takes = (ms: number | string, loss: string): string => `process.send({ times: [${ms}], losses: [${loss}], rssMb: 50 })`
const quiet = (): void => {}

describe('measure', () => {
  it('compares the fastest steps with those of the reference, the first one aside', async () => {
    const [a, b] = [await contender('a', takes(10, '1')), await contender('b', takes('steps === 1 ? 1 : 20 + steps', '1'))]
    const rows = await measure('w', [a, b], 3, quiet)
    expect(rows.map(({ ratio }) => ratio)).toEqual([1, 2.3])
    expect(rows[1]).toMatchObject({ first_step_ms: 1, min_ms: 23, median_ms: 24, steps: 3, rss_mb: 50, ratio_to_torch: null })
  })

  it('measures what is slow only once', async () => {
    const [a, b] = [await contender('a', takes(10, '1')), await contender('b', takes(12_000, '1'))]
    expect((await measure('w', [a, b], 3, quiet)).map(({ steps }) => steps)).toEqual([3, 1])
  })

  it.each([
    ['1 + (steps > 2) * 0.01', /^b, 1 thread has a loss of 1\.01 at step 3, where a, 1 thread has 1$/],
    ['NaN', /^b, 1 thread has a loss of null at step 1/],
  ])('losses that differ are an error: %s', async (loss, message) => {
    const [a, b] = [await contender('a', takes(10, '1')), await contender('b', takes(10, loss))]
    await expect(measure('w', [a, b], 3, quiet)).rejects.toThrow(message)
  })

  it('losses of other mathematics must fall', async () => {
    const own = { ownLosses: true, note: 'other cells' }
    const [a, b] = [await contender('a', takes(10, '1')), await contender('b', takes(10, '5 / steps'), own)]
    expect((await measure('w', [a, b], 2, quiet))[1]).toMatchObject({ note: 'other cells' })
    await expect(measure('w', [a, await contender('c', takes(10, 'steps'), own)], 2, quiet)).rejects.toThrow(/^c, 1 thread does not learn/)
  })

  it.each([
    ['process.exit(3)', /^b, 1 thread: it ended with exit code 3$/],
    ["process.kill(process.pid, 'SIGKILL')", /^b, 1 thread: it ended with SIGKILL$/],
    ["process.send({ error: 'no such layer' })", /^b, 1 thread: no such layer$/],
  ])('a peer that fails: %s', async (answer, message) => {
    const [a, b] = [await contender('a', takes(10, '1')), await contender('b', answer)]
    await expect(measure('w', [a, b], 1, quiet)).rejects.toThrow(message)
  })

  it('a program that is not there', async () => {
    const none: Contender = { system: 'none', threads: 1, program: { command: join(folder, 'none'), args: [] }, reference: 'none' }
    await expect(measure('w', [none], 1, quiet)).rejects.toThrow(/^none, 1 thread: .*ENOENT/)
  })
})
