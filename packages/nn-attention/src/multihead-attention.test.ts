import { Module } from '@tenon/nn'
import { DTypeError, manualSeed, randn, ShapeError, type Tensor, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { MultiheadAttention } from './index.ts'

class Model extends Module {
  readonly blocks: readonly MultiheadAttention[] = [new MultiheadAttention(8, 2, { batchFirst: true })]
  forward(x: Tensor, mask?: Tensor): Tensor {
    return this.blocks[0]!.forward(x, x, x, { keyPaddingMask: mask }).output
  }
}

describe('MultiheadAttention', () => {
  it('begins as PyTorch’s does', async () => {
    manualSeed(0)
    const layer = new MultiheadAttention(64, 4, { addBiasKv: true })
    const bound = Math.sqrt(6 / (64 + 192))
    const weight = Array.from(await layer.inProjWeight!.data())
    expect(Math.max(...weight)).toBeLessThanOrEqual(bound)
    expect(Math.max(...weight)).toBeGreaterThan(0.99 * bound)
    expect(Math.max(...Array.from(await layer.outProj.weight.data()))).toBeLessThanOrEqual(1 / 8)
    for (const bias of [layer.inProjBias!, layer.outProj.bias!]) expect((await bias.data()).every((x) => x === 0)).toBe(true)
    expect((await layer.biasK!.data()).some((x) => x !== 0)).toBe(true)
  })

  it('has PyTorch’s parameters', () => {
    const keys = (layer: MultiheadAttention): string[] => Object.keys(layer.stateDict())
    expect(keys(new MultiheadAttention(8, 2))).toEqual(['inProjWeight', 'inProjBias', 'outProj.weight', 'outProj.bias'])
    expect(keys(new MultiheadAttention(8, 2, { bias: false }))).toEqual(['inProjWeight', 'outProj.weight'])
    const apart = ['qProjWeight', 'kProjWeight', 'vProjWeight', 'inProjBias', 'biasK', 'biasV', 'outProj.weight', 'outProj.bias']
    expect(keys(new MultiheadAttention(8, 2, { kdim: 4, addBiasKv: true }))).toEqual(apart)
  })

  it('gives an output like the query, and weights of each head or their mean', async () => {
    manualSeed(1)
    const layer = new MultiheadAttention(8, 2)
    const [query, key] = [randn([4, 3, 8]), randn([5, 3, 8])]
    const { output, weights } = layer.forward(query, key, key)
    expect([output.shape, weights!.shape]).toEqual([
      [4, 3, 8],
      [3, 4, 5],
    ])
    for (const sum of await weights!.sum(-1).data()) expect(sum).toBeCloseTo(1, 5)
    const each = layer.forward(query, key, key, { averageAttnWeights: false }).weights!
    expect(each.shape).toEqual([3, 2, 4, 5])
    expect(await each.mean(1).data()).toEqual(await weights!.data())
    expect(layer.forward(query, key, key, { needWeights: false }).weights).toBe(null)
    expect(layer.forward(query.select(1, 0), key.select(1, 0), key.select(1, 0)).weights!.shape).toEqual([4, 5])
  })

  it('gives the same whether batches come first or not, and whether query, key and value are one tensor or three', async () => {
    manualSeed(2)
    const layer = new MultiheadAttention(8, 2)
    const first = new MultiheadAttention(8, 2, { batchFirst: true })
    first.loadStateDict(layer.stateDict())
    const x = randn([4, 3, 8])
    const expected = Array.from(await layer.forward(x, x, x).output.data(), (v) => expect.closeTo(v, 5))
    expect(Array.from(await layer.forward(x, x.add(0), x.add(0)).output.data())).toEqual(expected)
    const batches = x.transpose(0, 1)
    expect(Array.from(await first.forward(batches, batches, batches).output.transpose(0, 1).data())).toEqual(expected)
  })

  it('drops weights while training only', async () => {
    manualSeed(3)
    const layer = new MultiheadAttention(8, 2, { dropout: 0.5 })
    const x = randn([6, 1, 8])
    const zerosIn = async (): Promise<number> =>
      (await layer.forward(x, x, x, { averageAttnWeights: false }).weights!.data()).filter((w) => w === 0).length
    expect(await zerosIn()).toBeGreaterThan(15)
    layer.eval()
    expect(await zerosIn()).toBe(0)
  })

  it('says which heads do not divide what', () => {
    const message = 'MultiheadAttention: 8 features cannot be split among 3 heads; the number of heads must divide them'
    expect(() => new MultiheadAttention(8, 3)).toThrow(new RangeError(message))
    expect(() => new MultiheadAttention(8, 0)).toThrow(RangeError)
    expect(() => new MultiheadAttention(8, 2, { dropout: 2 })).toThrow('MultiheadAttention takes a dropout between 0 and 1, got 2')
  })

  it('says which inputs and masks do not fit, and where', () => {
    const model = new Model()
    const shapes = 'blocks.0 expects query [N, T, 8], key [N, S, 8] and value [N, S, 8], got [2, 5, 7], [2, 5, 7], [2, 5, 7]'
    expect(() => model.forward(zeros([2, 5, 7]))).toThrow(new ShapeError(shapes))
    const x = zeros([2, 5, 8])
    expect(() => model.forward(x, zeros([2, 4]))).toThrow(new ShapeError('blocks.0 expects keyPaddingMask [2, 5], got [2, 4]'))
    expect(() => model.forward(x, zeros([2, 5], { dtype: 'int32' }))).toThrow(DTypeError)

    const layer = new MultiheadAttention(8, 2, { kdim: 6, vdim: 5 })
    const [q, k, v] = [zeros([4, 3, 8]), zeros([5, 3, 6]), zeros([5, 3, 5])]
    expect(layer.forward(q, k, v).output.shape).toEqual([4, 3, 8])
    for (const [a, b, c] of [
      [q, v, k],
      [q, k, zeros([4, 3, 5])],
      [zeros([4, 2, 8]), k, v],
      [q.select(1, 0), k, v],
    ] as [Tensor, Tensor, Tensor][]) {
      expect(() => layer.forward(a, b, c)).toThrow(/MultiheadAttention expects query \[T, N, 8\], key \[S, N, 6\]|expects query \[T, 8\]/)
    }
    const bool = (...shape: number[]): Tensor => tensor(new Uint8Array(shape.reduce((n, d) => n * d, 1)), shape, { dtype: 'bool' })
    for (const attnMask of [bool(4, 5), bool(6, 4, 5)]) expect(layer.forward(q, k, v, { attnMask }).output.shape).toEqual([4, 3, 8])
    expect(() => layer.forward(q, k, v, { attnMask: bool(3, 4, 5) })).toThrow('expects attnMask [4, 5] or [6, 4, 5], got [3, 4, 5]')
  })
})
