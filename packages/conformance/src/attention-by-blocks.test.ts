/** Attention that never holds all its weights: the same numbers and gradients as with all of them at once, in less memory. */
import { grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { MultiheadAttention, scaledDotProductAttention } from '@tenon/nn-attention'
import { attendByBlocks } from '@tenon/nn-attention/internal'
import { arange, jit, logicalAnd, manualSeed, memory, randn, softmax, type Tensor, tensor, useBackend, where } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { checkGradients, numbers } from './gradient-check.ts'

const bools = (shape: readonly number[], ...values: number[]): Tensor => tensor(Uint8Array.from(values), shape, { dtype: 'bool' })
const maximal = async (x: Tensor): Promise<number> => x.abs().max().item()

describe('few queries, in any number of blocks', async () => {
  await useBackend(cpu())
  const [q, k, v] = [numbers([2, 7, 4], 1), numbers([2, 5, 4], 2), numbers([2, 5, 3], 3)]
  const rows = bools([7, 5], ...Array.from({ length: 35 }, (_, i) => (i < 5 ? 0 : i % 3 === 0 ? 0 : 1))) // the first query sees nobody
  const keys = bools([2, 1, 5], 1, 0, 1, 1, 0, 0, 0, 0, 1, 1)
  const cases = {
    plain: { masks: [], isCausal: false },
    causal: { masks: [], isCausal: true },
    'masked by query and by key': { masks: [rows, keys], isCausal: false },
    'masked and causal': { masks: [keys], isCausal: true },
  }

  test.each(Object.entries(cases))('%s: as with one block', async (_, { masks, isCausal }) => {
    const mask = masks.length > 0 ? masks.reduce(logicalAnd) : undefined
    const whole = scaledDotProductAttention(q, k, v, { ...(mask && { mask }), isCausal, scale: 0.7 })
    for (const blocks of [1, 2, 3, 7, 100]) {
      const y = attendByBlocks('attention', q, k, v, { masks, isCausal, scale: 0.7, blocks })
      expect(y.shape).toEqual([2, 7, 3])
      expect(await maximal(y.sub(whole))).toBeLessThan(1e-14)
    }
  })

  test.each(Object.entries(cases))('%s: gradients, and theirs', async (name, { masks, isCausal }) => {
    await checkGradients(name, (a, b, c) => attendByBlocks('attention', a, b, c, { masks, isCausal, scale: 0.7, blocks: 3 }), [q, k, v])
  })

  test('more dimensions in front, and none', async () => {
    for (const lead of [[], [2, 3]]) {
      const [a, b] = [numbers([...lead, 4, 2], 4), numbers([...lead, 3, 2], 5)]
      const y = attendByBlocks('attention', a, b, b, { masks: [], isCausal: true, scale: 1, blocks: 2 })
      expect(await maximal(y.sub(scaledDotProductAttention(a, b, b, { isCausal: true, scale: 1 })))).toBeLessThan(1e-14)
    }
  })
})

/** More weights than are kept at a time. */
const [queries, keys] = [4101, 4103]

test('many queries: the numbers and gradients of the formula, without its memory', { timeout: 60_000 }, async () => {
  await useBackend(wasm())
  manualSeed(3)
  const inputs = [randn([queries, 8]), randn([keys, 8]), randn([keys, 5])] as const
  const isEven = arange(keys).remainder(2).eq(0)
  const takesPart = logicalAnd(arange(keys).le(arange(queries).unsqueeze(1)), isEven)
  const formula = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
    softmax(where(takesPart, q.matmul(k.transpose(0, 1)).div(Math.sqrt(8)), -1e30), -1).matmul(v)
  const attention = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
    scaledDotProductAttention(q, k, v, { mask: isEven.unsqueeze(0), isCausal: true })
  const gradients = (fn: typeof attention) =>
    jit((q: Tensor, k: Tensor, v: Tensor) => {
      const y = fn(q, k, v)
      return [y, ...grad(y.mul(y).sum(), [q, k, v])]
    })
  const byBlocks = gradients(attention)(...inputs)
  const values = await Promise.all(byBlocks.map((x) => x.data()))
  const arena = memory().arenaBytes
  const expected = gradients(formula)(...inputs)
  for (const [i, e] of expected.entries()) {
    const most = await maximal(e)
    expect(await maximal(tensor(values[i]!, e.shape).sub(e)), `${i}`).toBeLessThan(2e-5 * most)
  }
  expect(memory().arenaBytes).toBeGreaterThan(2 * arena)
})

test('a layer of many queries is the same as with its weights looked at', { timeout: 60_000 }, async () => {
  await useBackend(wasm())
  manualSeed(4)
  const layer = new MultiheadAttention(4, 1, { batchFirst: true })
  const x = randn([1, queries, 4])
  const { output, weights } = layer.forward(x, x, x)
  const projected = layer.inProjWeight!
  const values = x.matmul(projected.slice(0, 8, 12).transpose(0, 1))
  expect(await maximal(output.sub(layer.outProj.forward(weights!.matmul(values))))).toBeLessThan(1e-5)
})
