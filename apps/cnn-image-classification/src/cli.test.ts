/** The whole program on small made-up data: one process, no network. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { arrayDataset, type ImageDataset } from '@tenon/datasets'
import { type MetricsRecord, readMetrics } from '@tenon/train/node'
import { PNG } from 'pngjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from './cli.ts'
import type { AppWorld } from './run.ts'

/** Class k is a bar across row 2k + 4, at a place of its own: learnable in a few steps. */
const makeImages = (count: number, offset: number): ImageDataset => {
  const pixels = new Uint8Array(count * 784)
  const labels = Int32Array.from({ length: count }, (_, i) => (i * 7 + offset) % 10)
  for (const [i, label] of labels.entries()) {
    const left = 4 + ((i + offset) % 5)
    for (let x = left; x < left + 14; x++)
      pixels.fill(255 - (i % 50), i * 784 + (2 * label + 4) * 28 + x, i * 784 + (2 * label + 4) * 28 + x + 1)
  }
  return arrayDataset({ images: { data: pixels, shape: [count, 1, 28, 28] }, labels })
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

let folder: string
const before = process.cwd()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-app-'))
  process.chdir(folder)
})
afterEach(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

/** Runs the program; an interruption comes when it loads its batch number `stopAt`. */
const run = async (line: string, stopAt = Number.POSITIVE_INFINITY): Promise<Outcome> => {
  const { world: base, printed, interrupt } = testWorld()
  const train = makeImages(200, 0)
  let batches = 0
  const gather: ImageDataset['gather'] = (indices, into) => {
    if (++batches === stopAt) interrupt()
    train.gather(indices, into)
  }
  const world: AppWorld = {
    ...base,
    loadData: () => Promise.resolve({ train: { ...train, gather }, test: makeImages(60, 3) }),
  }
  const code = await runCli(line.split(' '), world)
  return { code, ...printed }
}

const small = '--preset tiny --batch-size 16'
const checkpointOf = (name: string): string => join('runs', name, 'checkpoint.safetensors')
const metricsOf = (name: string, kind: string): MetricsRecord[] =>
  readMetrics(join('runs', name, 'metrics.jsonl')).filter((record) => record['kind'] === kind)
const lossesOf = (name: string): number[] => metricsOf(name, 'train').map(({ loss }) => loss as number)

const writePng = async (file: string, at: (x: number, y: number) => number): Promise<void> => {
  const png = new PNG({ width: 90, height: 60 })
  for (let i = 0; i < 90 * 60; i++) png.data.set([...new Array(3).fill(at(i % 90, Math.floor(i / 90))), 255], 4 * i)
  await writeFile(file, PNG.sync.write(png))
}

/** The greatest distance between losses of the same step. */
const farthest = (actual: readonly number[], expected: readonly number[]): number =>
  Math.max(...expected.map((loss, i) => Math.abs(loss - actual[i]!)))

describe('a training run', () => {
  it('says what it does, learns, and leaves checkpoint, metrics, curves and mistakes', async () => {
    const { code, out, err } = await run(`${small} --epochs 6 --lr 0.02 --backend wasm --name a`)
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toMatch(/^data +MNIST: 200 images to train on, 60 to test with$/m)
    expect(out).toMatch(/^model +tiny, 3,362 parameters: /m)
    expect(out).toMatch(/^backend +wasm: /m)
    expect(out).toMatch(/^Train Epoch: 0 \[48\/200 \(24%\)\] {2}Loss: \d\.\d{6}$/m)
    expect(out.match(/^Test set: Average loss: \d\.\d{4}, Accuracy: \d+\/60 \(\d+\.\d\d%\)$/gm)).toHaveLength(6)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none is what is asked for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect((await readdir('runs/a')).sort()).toEqual(['checkpoint.safetensors', 'curves.svg', 'metrics.jsonl', 'mistakes.svg'])
    expect(lossesOf('a')).toHaveLength(6 * 13)
    expect(metricsOf('a', 'test').at(-1)!['accuracy']).toBeGreaterThan(0.9)
    expect(await readFile('runs/a/curves.svg', 'utf8')).toContain('Test accuracy')
    expect(await readFile('runs/a/mistakes.svg', 'utf8')).toMatch(/MNIST: the \d+ worst of \d+ mistakes on 60 test images/)
  })

  it('has the same first twenty losses on every backend, to 1e-3', async () => {
    for (const backend of ['cpu', 'wasm', 'gpujs:cpu', 'gpujs:webasm']) {
      expect((await run(`${small} --epochs 2 --backend ${backend} --name ${backend.replace(':', '-')}`)).err).toBe('')
    }
    const losses = (name: string): number[] => lossesOf(name).slice(0, 20)
    expect(losses('cpu')).toHaveLength(20)
    for (const name of ['wasm', 'gpujs-cpu', 'gpujs-webasm']) expect(farthest(losses(name), losses('cpu'))).toBeLessThan(1e-3)
  }, 600_000)

  it.each(['cpu', 'gpujs:webasm'])('that was interrupted on wasm goes on on %s, to 1e-3', async (backend) => {
    await run(`${small} --epochs 2 --backend wasm --name whole`)
    expect((await run(`${small} --epochs 2 --backend wasm --name parts`, 13 + 5)).code).toBe(130)
    expect((await run(`--resume ${checkpointOf('parts')} --backend ${backend}`)).code).toBe(0)
    expect(farthest(lossesOf('parts'), lossesOf('whole'))).toBeLessThan(1e-3)
  })

  it('says once what its backend runs elsewhere, and one that does not run in a line', async () => {
    const { out } = await run(`${small} --limit 32 --epochs 2 --backend gpujs:cpu --name a`)
    expect(out).toMatch(/^backend +gpujs: mode cpu$/m)
    expect(out.match(/bit operations, which gpu\.js lacks: computed on the host/g)).toHaveLength(1)
    await writePng('bar.png', (x, y) => (x > 20 && x < 60 && y > 20 && y < 30 ? 10 : 240))
    const predicted = await run(`predict --checkpoint ${checkpointOf('a')} --backend gpujs:cpu bar.png`)
    expect(predicted).toMatchObject({ code: 0, err: expect.stringMatching(/^([^\n]+: computed on the host\n)+$/) })
    const { code, err } = await run(`${small} --backend gpujs:webgl2`)
    expect([code, err]).toEqual([1, expect.stringMatching(/^error: gpujs: mode 'webgl2' does not run here: it needs a browser[^\n]+\n$/)])
  })

  it.each(['cpu', 'wasm'])('that was interrupted goes on to the same bits on %s', async (backend) => {
    await run(`${small} --epochs 2 --backend ${backend} --name whole`)
    const stopped = await run(`${small} --epochs 2 --backend ${backend} --name parts`, 13 + 5)
    expect(stopped.code).toBe(130)
    expect(stopped.out).toMatch(/Stopped in epoch 1 after 5 of 13 steps\. To go on: --resume runs\/parts\/checkpoint\.safetensors/)
    expect(lossesOf('parts')).toHaveLength(13 + 5)

    const resumed = await run(`--resume ${checkpointOf('parts')} --backend ${backend}`)
    expect(resumed.code).toBe(0)
    expect(resumed.out).toMatch(/^resumed +in epoch 1 after 5 of 13 steps$/m)
    expect(lossesOf('parts')).toEqual(lossesOf('whole'))
    expect(metricsOf('parts', 'test')).toEqual(metricsOf('whole', 'test'))
    expect(await readFile(checkpointOf('parts'))).toEqual(await readFile(checkpointOf('whole')))
  })

  it('depends on its seed', async () => {
    for (const [name, seed] of [
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ])
      await run(`${small} --limit 32 --seed ${seed} --backend cpu --name ${name}`)
    expect(lossesOf('a')).toEqual(lossesOf('b'))
    expect(lossesOf('a')).not.toEqual(lossesOf('c'))
  })

  it('does not write over another run', async () => {
    await run(`${small} --limit 32 --backend cpu --name a`)
    const { code, err } = await run(`${small} --limit 32 --backend cpu --name a`)
    expect([code, err]).toEqual([
      2,
      'error: runs/a holds a run already; choose another --name, or go on with --resume runs/a/checkpoint.safetensors\n',
    ])
  })

  it('refuses a damaged checkpoint in one line and leaves it as it is', async () => {
    await run(`${small} --limit 32 --backend cpu --name a`)
    const bytes = await readFile(checkpointOf('a'))
    for (const damaged of [
      bytes.subarray(0, bytes.length - 100),
      Buffer.from(bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 1 : byte))),
    ]) {
      await writeFile(checkpointOf('a'), damaged)
      const { code, err } = await run(`--resume ${checkpointOf('a')}`)
      expect(code).toBe(1)
      expect(err).toMatch(/^error: runs\/a\/checkpoint\.safetensors is [^\n]+\n$/)
      expect(await readFile(checkpointOf('a'))).toEqual(damaged)
    }
  })

  it('backends lists what runs here', async () => {
    const { code, out } = await run('backends')
    expect([code, out]).toEqual([0, expect.stringMatching(/^These run here:\n[\s\S]+\n {2}wasm +[\s\S]+\nThese do not run here:\n/)])
  })

  it('answers a wrong option with one line and exit code 2', async () => {
    const { code, out, err } = await run('--epoch 3')
    expect([code, out, err]).toEqual([2, '', "error: unknown option '--epoch' (Did you mean --epochs?)\n"])
  })
})

describe('predict', () => {
  it('prints a table of what it sees, and names what is no image', async () => {
    await run(`${small} --limit 32 --backend cpu --name a`)
    await writePng('bar.png', (x, y) => (x > 20 && x < 60 && y > 20 && y < 30 ? 10 : 240))
    await writePng('empty.png', () => 128)
    await writeFile('text.png', 'not a PNG')
    await writeFile('cut.png', (await readFile('bar.png')).subarray(0, 70))
    const { code, out, err } = await run(
      `predict --checkpoint ${checkpointOf('a')} --backend cpu bar.png text.png empty.png none.png cut.png`,
    )
    expect(code).toBe(1)
    expect(out).toMatch(/^file {5}digit {2}confidence\nbar\.png {2}\d {6,}\d+\.\d %\n$/)
    const lines = err.trim().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toBe('error: text.png is not a PNG image; convert it to PNG first')
    expect(lines[1]).toMatch(/^error: empty\.png is of one colour/)
    expect(lines[3]).toBe('error: cut.png is a damaged PNG image: what it holds cannot be read to the end')
    expect(lines[2]).toMatch(/^error: cannot read none\.png: there is no such file \(ENOENT\)/)
  })

  it('says which checkpoint is not there', async () => {
    const { code, err } = await run('predict --checkpoint none.safetensors a.png')
    expect([code, err]).toEqual([1, 'error: cannot read none.safetensors: there is no such file (ENOENT); check the path\n'])
  })
})
