import { chooseBackend, type SamplingOptions, sampleToken } from '@tenon/app-kit'
import { randomSource } from '@tenon/datasets'
import { GPT } from '@tenon/nn-attention'
import { counters, manualSeed, tensor } from '@tenon/tensor'
import { beforeAll, describe, expect, it } from 'vitest'
import { Writer } from './writer.ts'

beforeAll(async () => {
  await chooseBackend('cpu')
})

const build = (): GPT => {
  manualSeed(3)
  const model = new GPT({ vocabSize: 11, blockSize: 12, nLayer: 2, nHead: 2, nEmbd: 8, bias: false })
  // Large weights: else all tokens are about as likely, and a mistake would show seldom.
  for (const parameter of model.parameters()) if (parameter.ndim > 1) parameter.assign(parameter.mul(20))
  return model.eval()
}

const sampling = (seed: number, topK: number | null = null): SamplingOptions => {
  const random = randomSource(seed)
  return { temperature: 0.9, topK, random: () => random.next() }
}

describe('Writer', () => {
  it('draws the tokens that the whole model gives without a cache, for the same seed', async () => {
    const model = build()
    const written = await new Writer(model).write([1, 2], 9, sampling(7))
    const tokens = [1, 2]
    const options = sampling(7)
    for (let i = 0; i < 9; i++) {
      const scores = model.forward(tensor(Int32Array.from(tokens), [1, tokens.length])).select(1, -1)
      tokens.push(sampleToken((await scores.data()) as Float32Array, options))
    }
    expect(written).toEqual(tokens.slice(2))
  })

  it('goes on beyond the window, with one program for all places', async () => {
    const writer = new Writer(build())
    await writer.write([1], 20, sampling(1))
    const { plans } = counters
    const written = await writer.write([1], 40, sampling(1))
    expect(written).toHaveLength(40)
    expect(counters.plans).toBe(plans)
    expect(await writer.write([1], 40, sampling(1))).toEqual(written)
    expect(await writer.write([1], 40, sampling(2))).not.toEqual(written)
  })

  it('begins with the end of a prompt that is longer than the window', async () => {
    const long = Array.from({ length: 50 }, (_, i) => (i * 3) % 11)
    const writer = new Writer(build())
    expect(await writer.write(long, 3, sampling(4))).toEqual(await writer.write(long.slice(-6), 3, sampling(4)))
  })

  it('stops where the end is drawn', async () => {
    const written = await new Writer(build()).write([1], 60, sampling(5), 0)
    expect(written).not.toContain(0)
    expect(written.length).toBeLessThan(60)
  })
})
