/** The commands on a small made-up dictionary: one process, no network. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { Linear } from '@tenon/nn'
import { readMetrics, saveCheckpoint } from '@tenon/train/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../cli.ts'
import { testAppWorld } from '../testing.ts'

/** Every letter is spoken by itself: learnable in a few steps. */
const sounds = { a: 'AE1', b: 'B', d: 'D', e: 'EH1', k: 'K', o: 'AA1', s: 'S', t: 'T' }
const spell = (index: number): string =>
  Array.from({ length: 3 + (index % 4) }, (_, place) => Object.keys(sounds)[Math.floor(index / 8 ** (place % 3)) % 8]).join('')
const dictionary = Array.from({ length: 400 }, (_, index) => spell(index * 7 + 1)).map((word) => ({
  word: word.toUpperCase(),
  phonemes: [...word].map((letter) => sounds[letter as keyof typeof sounds]),
  variant: 0,
}))

let folder: string
const before = process.cwd()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-seq2seq-'))
  process.chdir(folder)
})
afterEach(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

const run = async (line: string): Promise<{ code: number; out: string; err: string }> => {
  const { world, printed } = testWorld()
  const code = await runCli(line.split(' '), testAppWorld(world, { pronunciations: dictionary }))
  return { code, ...printed }
}

const tiny = 'seq2seq --preset tiny --batch-size 16 --lr 0.02'
const checkpointOf = (name: string): string => join('runs', name, 'checkpoint.safetensors')
const lossesOf = (name: string): number[] =>
  readMetrics(join('runs', name, 'metrics.jsonl')).flatMap(({ kind, loss }) => (kind === 'train' ? [loss as number] : []))

describe.each(['transformer', 'rnn'])('seq2seq --model %s', (model) => {
  it('learns to spell aloud, says how well, and leaves checkpoint, metrics, curves and an attention map', async () => {
    const { code, out, err } = await run(`${tiny} --model ${model} --epochs 12 --name a`)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^Validation loss: \d\.\d{4}$/m)
    const rate = /^Test set: Phoneme error rate: (\d+\.\d\d) % \(\d+ of \d+ phonemes\), words right: \d+\.\d\d %$/m.exec(out)
    expect(Number(rate?.[1])).toBeLessThan(30)
    expect((await readdir('runs/a')).sort()).toEqual(['attention.svg', 'checkpoint.safetensors', 'curves.svg', 'metrics.jsonl'])
    expect(await readFile('runs/a/curves.svg', 'utf8')).toContain('Phoneme error rate')
    const said = await run(`pronounce --checkpoint ${checkpointOf('a')} --map map.svg Bade toss`)
    expect(said.out).toMatch(/^word {2}phonemes\nbade {2}[A-Z ]+\ntoss {2}[A-Z ]+\n$/)
    expect(await readFile('map.svg', 'utf8')).toContain('How bade is read')
  })

  it('has the same first twenty losses on every backend, to 1e-3', async () => {
    const losses: number[][] = []
    for (const backend of ['cpu', 'wasm', 'gpujs:cpu', 'gpujs:webasm']) {
      const name = backend.replace(':', '-')
      expect((await run(`${tiny} --model ${model} --backend ${backend} --name ${name}`)).err).toBe('')
      losses.push(lossesOf(name).slice(0, 20))
    }
    const [expected, ...others] = losses
    expect(expected!.length).toBeGreaterThanOrEqual(15)
    for (const other of others) expect(Math.max(...expected!.map((loss, i) => Math.abs(loss - other[i]!)))).toBeLessThan(1e-3)
  }, 600_000)

  it('that is resumed goes on to the same bits', async () => {
    await run(`${tiny} --model ${model} --epochs 2 --name whole`)
    const { world, printed, interrupt } = testWorld()
    const write = (text: string): boolean => {
      if (/Epoch: 0 \[64/.test(text)) interrupt()
      return world.out.write(text)
    }
    const stopping = { ...world, out: { ...world.out, write } as NodeJS.WriteStream }
    const argv = `${tiny} --model ${model} --epochs 2 --name stopped`.split(' ')
    const code = await runCli(argv, testAppWorld(stopping, { pronunciations: dictionary }))
    expect([code, printed.err]).toEqual([130, ''])
    expect(lossesOf('stopped').length).toBeLessThan(lossesOf('whole').length)
    await run(`seq2seq --resume ${checkpointOf('stopped')}`)
    expect(lossesOf('stopped')).toEqual(lossesOf('whole'))
    expect(await readFile(checkpointOf('stopped'))).toEqual(await readFile(checkpointOf('whole')))
  })
})

describe('what is wrong is said in a line', () => {
  it.each([
    ['seq2seq --epoch 3', "unknown option '--epoch' (Did you mean --epochs?)"],
    ['seq2seq --model gpt', "option '--model <name>' argument 'gpt' is invalid. Allowed choices are transformer, rnn."],
    ['pronounce --checkpoint none.safetensors naïve', `'naïve' has "ï"; the model knows the letters a to z and the apostrophe`],
    ['pronounce --checkpoint none.safetensors ', 'an empty word has no sound; give a word'],
  ])('%s', async (line, message) => {
    const { code, err } = await run(line)
    expect([code, err]).toEqual([2, `error: ${message}\n`])
  })

  it('of a checkpoint that is another program’s, or none', async () => {
    await saveCheckpoint(
      'other.safetensors',
      { model: new Linear(1, 1) },
      { position: { epoch: 0, step: 0 }, settings: { command: 'gpt' } },
    )
    const other = await run('pronounce --checkpoint other.safetensors word')
    expect([other.code, other.err]).toEqual([
      2,
      'error: other.safetensors was left by gpt, not by seq2seq; choose one of its checkpoints\n',
    ])
    await writeFile('none.safetensors', 'no checkpoint')
    const none = await run('seq2seq --resume none.safetensors')
    expect([none.code, none.err.split('\n').length]).toEqual([1, 2])
  })
})
