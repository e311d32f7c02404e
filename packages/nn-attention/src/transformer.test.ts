import { LayerNorm } from '@tenon/nn'
import { manualSeed, randn, ShapeError, type Tensor, tanh, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer } from './index.ts'

const small = { dimFeedforward: 12, dropout: 0 }

describe('Transformer', () => {
  it('begins with xavierUniform matrices, each its own', async () => {
    manualSeed(0)
    const model = new Transformer(8, 2, { ...small, numEncoderLayers: 2, numDecoderLayers: 1 })
    const [a, b] = model.encoder.layers
    expect(await a!.linear1.weight.data()).not.toEqual(await b!.linear1.weight.data())
    for (const parameter of model.parameters().filter((p) => p.ndim === 2)) {
      const [out, input] = parameter.shape as [number, number]
      expect(Math.max(...Array.from(await parameter.data(), Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / (out + input)))
    }
    expect(model.encoder.norm!.weight!.shape).toEqual([8])
  })

  it('has the defaults of the paper', () => {
    const model = new Transformer(8)
    expect([model.nhead, model.encoder.layers.length, model.decoder.layers.length]).toEqual([8, 6, 6])
    const [layer] = model.encoder.layers
    expect([layer!.linear1.outFeatures, layer!.dropout.p, layer!.selfAttn.dropout, layer!.norm1.eps]).toEqual([2048, 0.1, 0.1, 1e-5])
  })

  it('lets no target see a later one if it is causal', async () => {
    manualSeed(1)
    const model = new Transformer(8, 2, { ...small, numEncoderLayers: 1, numDecoderLayers: 2 })
    const [src, tgt] = [randn([3, 1, 8]), randn([4, 1, 8])]
    const whole = (await model.forward(src, tgt, { tgtIsCausal: true }).toArray()) as number[][][]
    const start = (await model.forward(src, tgt.slice(0, 0, 2), { tgtIsCausal: true }).toArray()) as number[][][]
    expect(start).toEqual(whole.slice(0, 2).map((rows) => rows.map((row) => row.map((x) => expect.closeTo(x, 5)))))
  })

  it('says what it expected, and which layer', () => {
    const model = new Transformer(8, 2, { ...small, numEncoderLayers: 1, numDecoderLayers: 1, batchFirst: true })
    const message = 'Transformer expects src [N, S, 8] and tgt [N, T, 8], or both without N, got [2, 3, 8] and [3, 4, 8]'
    expect(() => model.forward(zeros([2, 3, 8]), zeros([3, 4, 8]))).toThrow(new ShapeError(message))
    expect(() => model.forward(zeros([3, 8]), zeros([2, 4, 8]))).toThrow(ShapeError)
    expect(model.forward(zeros([3, 8]), zeros([4, 8])).shape).toEqual([4, 8])
    const wrong = { srcKeyPaddingMask: zeros([2, 4]) }
    expect(() => model.forward(zeros([2, 3, 8]), zeros([2, 4, 8]), wrong)).toThrow(
      'encoder.layers.0.selfAttn expects keyPaddingMask [2, 3], got [2, 4]',
    )
    expect(() => new Transformer(8, 3, small)).toThrow('8 features cannot be split among 3 heads')
  })
})

describe('TransformerEncoder and TransformerDecoder', () => {
  it('make each layer anew', async () => {
    manualSeed(2)
    const encoder = new TransformerEncoder(() => new TransformerEncoderLayer(8, 2, small), 2)
    expect(encoder.norm).toBe(null)
    expect(encoder.layers[0]).not.toBe(encoder.layers[1])
    expect(Object.keys(encoder.stateDict())).toContain('layers.1.selfAttn.inProjWeight')
    const normed = new TransformerDecoder(() => new TransformerDecoderLayer(8, 2, small), 1, { norm: new LayerNorm(8) })
    const y = await normed
      .forward(randn([3, 1, 8]), randn([2, 1, 8]))
      .mean(-1)
      .data()
    for (const mean of y) expect(mean).toBeCloseTo(0, 5)
  })

  it('refuse a layer in place of a function, and no layers', () => {
    const layer = new TransformerEncoderLayer(8, 2, small)
    expect(() => new TransformerEncoder(layer as never, 2)).toThrow('TransformerEncoder takes a function that makes a layer')
    expect(() => new TransformerDecoder(() => new TransformerDecoderLayer(8, 2), 0)).toThrow(
      'TransformerDecoder takes a number of layers ≥ 1, got 0',
    )
  })
})

describe('the layers', () => {
  it('take an activation of one’s own, and no biases', async () => {
    manualSeed(3)
    const seen: (readonly number[])[] = []
    const activation = (x: Tensor): Tensor => {
      seen.push(x.shape)
      return tanh(x)
    }
    const layer = new TransformerDecoderLayer(8, 2, { ...small, activation, bias: false })
    expect(layer.forward(zeros([3, 2, 8]), zeros([4, 2, 8])).shape).toEqual([3, 2, 8])
    expect(seen).toEqual([[3, 2, 12]])
    expect(Object.keys(layer.stateDict()).filter((key) => /bias/i.test(key))).toEqual([])
    expect(() => new TransformerEncoderLayer(8, 2, { activation: 'swish' as never })).toThrow(
      "activation is 'relu', 'gelu' or a function of a tensor, got 'swish'",
    )
  })

  it('drop while training, and repeat themselves in eval()', async () => {
    manualSeed(4)
    const layer = new TransformerEncoderLayer(8, 2, { dimFeedforward: 12 })
    const x = randn([3, 2, 8])
    const run = (): Promise<ArrayLike<number>> => layer.forward(x).data()
    expect(await run()).not.toEqual(await run())
    layer.eval()
    expect(await run()).toEqual(await run())
  })

  it('see no later position if they are causal', async () => {
    manualSeed(5)
    const layer = new TransformerEncoderLayer(8, 2, { ...small, batchFirst: true, normFirst: true })
    const x = randn([1, 4, 8])
    const start = await layer.forward(x.slice(1, 0, 2), { isCausal: true }).data()
    const whole = await layer.forward(x, { isCausal: true }).slice(1, 0, 2).data()
    expect(Array.from(start)).toEqual(Array.from(whole, (v) => expect.closeTo(v, 5)))
  })
})
