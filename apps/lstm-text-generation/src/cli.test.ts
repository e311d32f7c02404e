/** The whole program on made-up texts and names: one process, no network. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { readMetrics } from '@tenon/train/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './cli.ts'

let folder: string
const before = process.cwd()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-lstm-'))
  process.chdir(folder)
  await writeFile('text.txt', 'the cat sat on the mat.\nthe dog ate the hat.\n'.repeat(40))
})
afterEach(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

/** One list ends in vowels, the other does not. */
const firstNames = {
  female: Array.from({ length: 60 }, (_, i) => `${'BCDFG'[i % 5]}e${'lmn'[i % 3]}${'aei'[i % 3]}${'rst'[i % 2]}a`),
  male: Array.from({ length: 60 }, (_, i) => `${'BCDFG'[i % 5]}o${'lmn'[i % 3]}${'aei'[i % 3]}${'rst'[i % 2]}`),
}
const distinct = { female: [...new Set(firstNames.female), 'Sam'], male: [...new Set(firstNames.male), 'Sam'] }

const run = async (argv: readonly string[], stopAt?: RegExp): Promise<{ code: number; out: string; err: string }> => {
  const { world, printed, interrupt } = testWorld()
  const write = (text: string): boolean => {
    if (stopAt?.test(text)) interrupt()
    return world.out.write(text)
  }
  const code = await runCli(argv, {
    ...world,
    out: { ...world.out, write } as NodeJS.WriteStream,
    loadFirstNames: () => Promise.resolve(distinct),
  })
  return { code, ...printed }
}
const words = (line: string): string[] => line.split(' ')

const tiny = '--preset tiny --text text.txt'
const checkpointOf = (name: string): string => join('runs', name, 'checkpoint.safetensors')
const lossesOf = (name: string, kind = 'train'): number[] =>
  readMetrics(join('runs', name, 'metrics.jsonl')).flatMap((record) => (record['kind'] === kind ? [record['loss'] as number] : []))

describe('a training run', () => {
  it.each(['rnn', 'lstm', 'gru'])(
    'with --cell %s learns, says how well, writes, and leaves checkpoint, metrics and curves',
    async (cell) => {
      const { code, out, err } = await run(words(`${tiny} --cell ${cell} --epochs 3 --lr 0.02 --name a`))
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(/^data +text\.txt: 1,620 characters to train on, 180 to validate with, 14 distinct$/m)
      const lines = out.match(/^Validation loss: \d\.\d{4}$/gm)!
      expect(lines).toHaveLength(3 + 1)
      expect(Number(lines.at(-1)!.split(' ').at(-1))).toBeLessThan(1.3)
      expect(lossesOf('a', 'validation')).toHaveLength(3)
      expect((await readdir('runs/a')).sort()).toEqual(['checkpoint.safetensors', 'curves.svg', 'metrics.jsonl'])

      const sample = (...flags: string[]) => run(['sample', '--checkpoint', checkpointOf('a'), '--length', '60', ...flags])
      const written = await sample('--prompt', 'the dog')
      expect(written.out).toMatch(/^the dog[\s\S]{60}\n$/)
      expect((await sample('--prompt', 'the dog')).out).toBe(written.out)
      const wild = (seed: string) => sample('--temperature', '3', '--seed', seed)
      expect((await wild('1')).out).not.toBe((await wild('2')).out)
      expect((await sample('--temperature', '0')).out).toBe((await sample('--top-k', '1')).out)
      expect((await sample('--prompt', 'QED')).err).toMatch(/^error: the prompt has "Q" \(U\+0051\)/)
    },
  )

  it('has the same first twenty losses on every backend, to 1e-3', async () => {
    const losses: number[][] = []
    for (const backend of ['cpu', 'wasm', 'gpujs:cpu', 'gpujs:webasm']) {
      const name = backend.replace(':', '-')
      expect((await run(words(`${tiny} --iters 20 --backend ${backend} --name ${name}`))).err).toBe('')
      losses.push(lossesOf(name))
    }
    const [expected, ...others] = losses
    expect(expected).toHaveLength(20)
    for (const other of others) expect(Math.max(...expected!.map((loss, i) => Math.abs(loss - other[i]!)))).toBeLessThan(1e-3)
  }, 600_000)

  it.each([
    ['in the middle of an epoch', /Train Epoch: 1 \[20/],
    ['at its end', /Validation loss/],
  ])('that was interrupted %s goes on to the same bits, its state too', async (_, stopAt) => {
    await run(words(`${tiny} --epochs 3 --name whole`))
    expect((await run(words(`${tiny} --epochs 3 --name parts`), stopAt)).code).toBe(130)
    expect(lossesOf('parts').length).toBeLessThan(lossesOf('whole').length)
    await run(words(`--resume ${checkpointOf('parts')}`))
    expect(lossesOf('parts')).toEqual(lossesOf('whole'))
    expect(await readFile(checkpointOf('parts'))).toEqual(await readFile(checkpointOf('whole')))
  })
})

describe('--preset article', () => {
  it('tells names by the list that they come from, names in both left out', async () => {
    const { code, out } = await run(words('--preset article --epochs 40 --lr 0.01 --name n'))
    expect(code).toBe(0)
    const all = new Set(firstNames.female).size + new Set(firstNames.male).size
    const held = Math.ceil(all / 10)
    expect(out).toContain(`first names: ${all - held} to train on, ${held} to test with; lists: female, male`)
    const right = out.match(/Accuracy: (\d+)\/\d+/g)!.at(-1)
    expect(right).toBe(`Accuracy: ${held}/${held}`)
    expect((await run(words(`sample --checkpoint ${checkpointOf('n')}`))).err).toMatch(/was left by --preset article/)
    expect((await run(words(`--preset article --resume ${checkpointOf('n')} --epochs 41`))).out).toMatch(/^resumed/m)
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
    ['--text none.txt', 1, /none\.txt/],
    ['--text empty.txt', 1, /empty\.txt is empty/],
    ['--text latin.txt', 1, /latin\.txt is not UTF-8/],
    ['--text short.txt', 1, /streams of a window/],
    ['--epoch 3', 2, /unknown option '--epoch'/],
    ['--cell lsm', 2, /Allowed choices are rnn, lstm, gru/],
    ['--preset article --iters 3', 2, /--iters does not go with --preset article/],
    ['--text text.txt --iters 3 --epochs 1', 2, /cannot be used with/],
    ['sample --checkpoint text.txt', 1, /text\.txt/],
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
