/** What PyTorch 1.13 has no answers for: gradients by differences, in float64; dropout; what is masked everywhere. */
import { backward, grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { mseLoss, Parameter } from '@tenon/nn'
import {
  AdditiveAttention,
  GPT,
  LearnedPositionalEncoding,
  MultiheadAttention,
  PositionalEncoding,
  rotaryEmbedding,
  scaledDotProductAttention,
  TransformerEncoderLayer,
} from '@tenon/nn-attention'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { uniform } from './deterministic.ts'
import { checkGradients, numbers } from './gradient-check.ts'

const bools = (shape: readonly number[], ...values: number[]): Tensor => tensor(Uint8Array.from(values), shape, { dtype: 'bool' })
/** For backends that have no float64. */
const f32 = (shape: readonly number[], salt: number): Tensor =>
  tensor(
    Float32Array.from(
      uniform(
        salt,
        shape.reduce((n, d) => n * d, 1),
        2,
      ),
    ),
    shape,
  )

describe('gradients against differences', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })
  const [q, k, v] = [numbers([2, 3, 4], 1), numbers([2, 5, 4], 2), numbers([2, 5, 3], 3)]

  test('scaled dot product attention: plain, causal, masked, with a float mask that is learned, and masked everywhere', async () => {
    await checkGradients('plain', (a, b, c) => scaledDotProductAttention(a, b, c), [q, k, v])
    await checkGradients('causal', (a, b, c) => scaledDotProductAttention(a, b, c, { isCausal: true, scale: 0.7 }), [q, k, v])
    const mask = bools([3, 5], 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0)
    await checkGradients('masked', (a, b, c) => scaledDotProductAttention(a, b, c, { mask }), [q, k, v])
    await checkGradients('biased', (a, b, c, bias) => scaledDotProductAttention(a, b, c, { mask: bias }), [q, k, v, numbers([3, 5], 4)])
  })

  test('rotary embedding, either way', async () => {
    for (const interleaved of [false, true]) {
      await checkGradients(`interleaved ${interleaved}`, (x) => rotaryEmbedding(x, { offset: 3, interleaved }), [numbers([2, 3, 4], 5)])
    }
  })

  test('additive attention, by its weights too', async () => {
    const mask = bools([2, 4], 1, 1, 0, 1, 0, 0, 0, 0)
    const context = (w: Tensor, u: Tensor, s: Tensor, query: Tensor, keys: Tensor, values: Tensor): Tensor => {
      const layer = new AdditiveAttention(3, 4, 5)
      Object.assign(layer.queryProj, { weight: w })
      Object.assign(layer.keyProj, { weight: u })
      Object.assign(layer.scoreProj, { weight: s })
      return layer.forward(query, keys, { values, mask }).context
    }
    const weights = [numbers([5, 3], 20), numbers([5, 4], 21), numbers([1, 5], 22)]
    await checkGradients('additive', context as never, [...weights, numbers([2, 2, 3], 6), numbers([2, 4, 4], 7), numbers([2, 4, 3], 8)])
  })

  test('learned positions', async () => {
    const learned = (weight: Tensor, x: Tensor): Tensor =>
      Object.assign(new LearnedPositionalEncoding(6, 4), { weight: weight as Parameter }).forward(x, { offset: 2 })
    await checkGradients('learned', learned as never, [numbers([6, 4], 23), numbers([3, 2, 4], 9)])
  })

  test('sinusoidal positions', async () => {
    await checkGradients('sinusoidal', (x) => new PositionalEncoding(4, { dropout: 0 }).forward(x), [numbers([3, 2, 4], 10)])
  })
})

describe.each(backends)('on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })

  test('a query that sees no key has an output and gradients of zero, and no NaN reaches the others', async () => {
    const parts = [f32([1, 2, 4], 1), f32([1, 3, 4], 2), f32([1, 3, 4], 3)].map((x) => new Parameter(x))
    const [q, k, v] = parts as [Parameter, Parameter, Parameter]
    const masks = [bools([2, 3], 0, 0, 0, 1, 1, 0), tensor([-Infinity, -Infinity, -Infinity, 0, 0, -Infinity], [2, 3])]
    const seen: number[][] = []
    for (const mask of masks) {
      const y = scaledDotProductAttention(q, k, v, { mask })
      const [dq, dk, dv] = grad(y.mul(f32([1, 2, 4], 4)).sum(), [q, k, v])
      const values = (await Promise.all([y, dq!, dk!, dv!].map((x) => x.data()))).map((x) => Array.from(x))
      expect(values.flat().every(Number.isFinite)).toBe(true)
      expect([values[0]!.slice(0, 4), values[1]!.slice(0, 4)]).toEqual(
        [
          [0, 0, 0, 0],
          [0, 0, 0, 0],
        ].map((x) => x.map((z) => expect.closeTo(z, 12))),
      )
      expect(values[0]!.slice(4).every((x) => x !== 0)).toBe(true)
      expect([values[2]!.slice(8), values[3]!.slice(8)].flat().every((x) => x === 0)).toBe(true)
      seen.push(values.flat())
    }
    seen[0]!.forEach((x, i) => expect(x).toBeCloseTo(seen[1]![i]!, 6))
  })

  test('a padded sequence of nothing trains no NaN into a MultiheadAttention', async () => {
    manualSeed(1)
    const layer = new MultiheadAttention(4, 2, { batchFirst: true })
    const x = f32([2, 3, 4], 5)
    const { output, weights } = layer.forward(x, x, x, { keyPaddingMask: bools([2, 3], 0, 0, 1, 1, 1, 1) })
    backward(output.sum())
    const rows = (await weights!.toArray()) as number[][][]
    expect(rows[1]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect(rows[0]!.map((row) => row[2])).toEqual([0, 0, 0])
    for (const { grad: g } of layer.parameters()) expect((await g!.data()).every(Number.isFinite)).toBe(true)
  })

  test('dropout draws anew at each captured step, and passes gradients where it passed weights', async () => {
    manualSeed(1)
    const ones = tensor(new Float32Array(64).fill(1), [1, 8, 8])
    const v = new Parameter(ones)
    const step = jit((x: Tensor) => {
      const y = scaledDotProductAttention(x, x, v, { dropout: 0.5 })
      return [y, grad(y.sum(), v)] as const
    })
    const shares: number[] = []
    for (let i = 0; i < 3; i++) {
      const [y, [dv]] = step(ones)
      const values = Array.from(await y.data())
      shares.push(...values)
      // Each weight is 0 or 2 / 8.
      expect(values.every((value) => Number.isInteger(Math.round(value * 4e4) / 1e4))).toBe(true)
      const total = values.reduce((a, b) => a + b, 0)
      expect(Array.from(await dv!.data()).reduce((a, b) => a + b, 0)).toBeCloseTo(total, 3)
    }
    expect(new Set(shares).size).toBeGreaterThan(3)
  })

  test('an encoder layer and a GPT learn what they are shown', async () => {
    manualSeed(2)
    const layer = new TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0, batchFirst: true })
    const optimizer = new Adam(layer.namedParameters(), { lr: 1e-2 })
    const x = f32([4, 5, 8], 11)
    const step = jit((input: Tensor) => {
      optimizer.zeroGrad()
      const loss = mseLoss(layer.forward(input), input.flip(1))
      backward(loss)
      optimizer.step()
      return loss
    })
    const losses: number[] = []
    for (let i = 0; i < 60; i++) losses.push(await step(x).item())
    expect(losses.at(-1)!).toBeLessThan(0.4 * losses[0]!)

    const model = new GPT({ vocabSize: 5, blockSize: 12, nLayer: 1, nHead: 2, nEmbd: 16, dropout: 0.05 })
    const adam = new Adam(model.namedParameters(), { lr: 1e-2 })
    const text = Int32Array.from({ length: 11 }, (_, i) => [0, 3, 1, 4, 2][i % 5]!)
    const train = jit((idx: Tensor, next: Tensor) => {
      adam.zeroGrad()
      const logits = model.forward(idx)
      const loss = mseLoss(logits.flatten(0, 1), next)
      backward(loss)
      adam.step()
    })
    const target = Float32Array.from({ length: 50 }, (_, i) => (text[Math.floor(i / 5) + 1] === i % 5 ? 4 : 0))
    for (let i = 0; i < 80; i++) train(tensor(text.slice(0, 10), [1, 10]), tensor(target, [10, 5]))
    model.eval()
    expect(Array.from(await model.generate(tensor(text.slice(0, 2), [1, 2]), 8, { temperature: 0 }).data())).toEqual(
      Array.from(text.slice(0, 10)),
    )
  })
})
