/** The commands on made-up texts: one process, no network. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { readMetrics } from '@tenon/train/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../cli.ts'
import { testAppWorld } from '../testing.ts'

let folder: string
const before = process.cwd()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-gpt-'))
  process.chdir(folder)
  await writeFile('text.txt', 'the cat sat on the mat.\nthe dog ate the hat.\n'.repeat(30))
  await writeFile('names.txt', Array.from({ length: 60 }, (_, i) => `${'abcd'[i % 4]}n${'aeiou'[i % 5]}${i % 3 ? 'x' : ''}`).join('\n'))
})
afterEach(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

const run = async (argv: readonly string[], stopAt?: RegExp): Promise<{ code: number; out: string; err: string }> => {
  const { world, printed, interrupt } = testWorld()
  const write = (text: string): boolean => {
    if (stopAt?.test(text)) interrupt()
    return world.out.write(text)
  }
  const code = await runCli(argv, testAppWorld({ ...world, out: { ...world.out, write } as NodeJS.WriteStream }))
  return { code, ...printed }
}
const words = (line: string): string[] => line.split(' ')

const tiny = 'gpt --preset tiny --text text.txt'
const checkpointOf = (name: string): string => join('runs', name, 'checkpoint.safetensors')
const metricsOf = (name: string, kind: string): number[] =>
  readMetrics(join('runs', name, 'metrics.jsonl')).flatMap((record) => (record['kind'] === kind ? [record['loss'] as number] : []))

describe('gpt', () => {
  it('learns a text, says how well, writes, and leaves checkpoint, metrics and curves', async () => {
    const { code, out, err } = await run(words(`${tiny} --iters 150 --lr 0.02 --name a`))
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^data +text\.txt: 1,215 characters to train on, 135 to validate with, 14 distinct$/m)
    expect(out).toMatch(/^Train Iteration: 20 \[20\/150 \(13%\)\] {2}Loss: \d\.\d{6}$/m)
    expect(out.match(/^Estimated validation loss: \d\.\d{4}$/gm)).toHaveLength(7)
    const [line, ...others] = out.match(/^Validation loss: \d\.\d{4}$/gm)!
    expect(others).toEqual([])
    const loss = Number(line!.split(' ').at(-1))
    expect(loss).toBeLessThan(1.2)
    expect(metricsOf('a', 'validation').at(-1)!).toBeCloseTo(loss, 3)
    expect((await readdir('runs/a')).sort()).toEqual(['checkpoint.safetensors', 'curves.svg', 'metrics.jsonl'])

    const sample = (...flags: string[]) => run(['sample', '--checkpoint', checkpointOf('a'), '--length', '60', ...flags])
    const written = await sample('--prompt', 'the dog')
    expect(written.out).toMatch(/^the dog[\s\S]{60}\n$/)
    expect((await sample('--prompt', 'the dog')).out).toBe(written.out)
    expect((await sample('--prompt', 'the dog', '--seed', '2')).out).not.toBe(written.out)
    expect((await sample('--temperature', '0')).out).toBe((await sample('--top-k', '1')).out)
    expect((await sample('--prompt', 'QED')).err).toMatch(/^error: the prompt has "Q" \(U\+0051\)/)
  })

  it('learns names, and makes up twenty', async () => {
    const { code, out } = await run(words('gpt --preset tiny --names names.txt --name n'))
    expect(code).toBe(0)
    expect(out).toMatch(/^data +names\.txt: 54 names to train on, 6 to validate with, 10 distinct characters$/m)
    expect(out.slice(out.lastIndexOf('Validation loss')).split('\n').slice(2, -1)).toHaveLength(20)
    expect((await run(['sample', '--checkpoint', checkpointOf('n'), '--prompt', 'bn'])).out).toMatch(/^(bn[a-z]{0,2}\n){20}$/)
    expect((await run(['sample', '--checkpoint', checkpointOf('n'), '--prompt', 'bnxxa'])).err).toBe(
      'error: the names have at most 4 characters, and the prompt has 5; give a shorter one\n',
    )
  })

  it('has the same first twenty losses on every backend, to 1e-3', async () => {
    const losses: number[][] = []
    for (const backend of ['cpu', 'wasm', 'gpujs:cpu', 'gpujs:webasm']) {
      const name = backend.replace(':', '-')
      expect((await run(words(`${tiny} --iters 20 --backend ${backend} --name ${name}`))).err).toBe('')
      losses.push(metricsOf(name, 'train'))
    }
    const [expected, ...others] = losses
    expect(expected).toHaveLength(20)
    for (const other of others) expect(Math.max(...expected!.map((loss, i) => Math.abs(loss - other[i]!)))).toBeLessThan(1e-3)
  }, 600_000)

  it('that is resumed goes on to the same bits', async () => {
    await run(words(`${tiny} --name whole`))
    expect((await run(words(`${tiny} --name parts`), /Iteration: 8 /)).code).toBe(130)
    const resumed = await run(words(`gpt --resume ${checkpointOf('parts')}`))
    expect(resumed.out).toMatch(/^resumed +after \d+ of 40 iterations$/m)
    expect(metricsOf('parts', 'train')).toEqual(metricsOf('whole', 'train'))
    expect(await readFile(checkpointOf('parts'))).toEqual(await readFile(checkpointOf('whole')))
    await writeFile('text.txt', 'another text. '.repeat(40))
    expect((await run(words(`gpt --resume ${checkpointOf('whole')} --iters 50`))).err).toMatch(
      /^error: .*text\.txt has changed since the run began/,
    )
  })

  it('counts epochs as well', async () => {
    const { out } = await run(words(`${tiny} --epochs 1`))
    expect(out).toMatch(/^training +19 iterations/m)
    const [folder] = await readdir('runs')
    const goOn = (epochs: number) => run(words(`gpt --resume ${checkpointOf(folder!)} --epochs ${epochs}`))
    expect((await goOn(1)).out).toMatch(/^resumed +after 19 of 19 iterations$/m)
    expect((await goOn(2)).out).toMatch(/^resumed +after 19 of 38 iterations$/m)
    expect(await goOn(1)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^error: --epochs 1 is less than what the run has done: [^\n]+\n$/),
    })
  })
})

it('backends lists what runs here', async () => {
  expect(await run(['backends'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^These run here:\n[\s\S]+\nThese do not run here:\n/),
  })
})

describe('what is wrong is said in a line', () => {
  it.each([
    ['gpt --text none.txt', 1, /none\.txt/],
    ['gpt --text empty.txt', 1, /empty\.txt is empty/],
    ['gpt --text latin.txt', 1, /latin\.txt is not UTF-8/],
    ['gpt --text short.txt', 2, /short\.txt has 11 characters, and windows of 64 need at least 650/],
    ['gpt --iter 3', 2, /unknown option '--iter'/],
    ['gpt --text text.txt --names names.txt', 2, /cannot be used with/],
    ['gpt --text text.txt --iters 3 --epochs 1', 2, /cannot be used with/],
    ['write', 2, /unknown command 'write'/],
  ])('%s', async (line, code, message) => {
    await writeFile('empty.txt', '')
    await writeFile('short.txt', 'a few words')
    await writeFile('latin.txt', Buffer.from([0x61, 0xe9, 0x62]))
    const outcome = await run(words(line))
    expect(outcome.code).toBe(code)
    expect(outcome.err).toMatch(message)
    expect(outcome.err.trim().split('\n')).toHaveLength(1)
  })
})
