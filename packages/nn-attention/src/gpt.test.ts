import { manualSeed, ShapeError, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { GPT } from './index.ts'

const options = { vocabSize: 11, blockSize: 6, nLayer: 2, nHead: 2, nEmbd: 8 }
const int32 = { dtype: 'int32' } as const
const std = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0) / x.length)

describe('GPT', () => {
  it('begins as nanoGPT does: N(0, 0.02²), less where a block ends, biases 0', async () => {
    manualSeed(0)
    const model = new GPT({ ...options, nEmbd: 64 })
    for (const [path, parameter] of model.namedParameters()) {
      const values = await parameter.data()
      if (/ln\w\.weight$/.test(path)) expect(values.every((x) => x === 1)).toBe(true)
      else if (path.endsWith('bias')) expect(values.every((x) => x === 0)).toBe(true)
      else expect(std(values) / (path.endsWith('cProj.weight') ? 0.01 : 0.02)).toBeCloseTo(1, 0.5)
    }
  })

  it('has the names of nanoGPT’s weights, and one weight for embedding and head unless they are untied', () => {
    const tied = new GPT(options)
    const block = ['ln1', 'attn.cAttn', 'attn.cProj', 'ln2', 'mlp.cFc', 'mlp.cProj'].flatMap((l) => [`${l}.weight`, `${l}.bias`])
    const blocks = [0, 1].flatMap((i) => block.map((key) => `transformer.h.${i}.${key}`))
    const keys = [
      'transformer.wte.weight',
      'transformer.wpe.weight',
      ...blocks,
      'transformer.lnF.weight',
      'transformer.lnF.bias',
      'lmHead.weight',
    ]
    expect(Object.keys(tied.stateDict()).sort()).toEqual([...keys].sort())
    expect(tied.lmHead.weight).toBe(tied.transformer.wte.weight)
    expect(tied.parameters()).toHaveLength(keys.length - 1)
    const untied = new GPT({ ...options, tieWeights: false, bias: false })
    expect(untied.lmHead.weight).not.toBe(untied.transformer.wte.weight)
    expect(Object.keys(untied.stateDict()).filter((key) => key.endsWith('bias'))).toEqual([])
  })

  it('sees no later token', async () => {
    manualSeed(1)
    const model = new GPT({ ...options, dropout: 0.3 }).eval()
    const tokens = tensor(Int32Array.of(1, 2, 3, 4, 5, 6), [1, 6])
    const whole = await model.forward(tokens).slice(1, 0, 3).data()
    expect(Array.from(await model.forward(tokens.slice(1, 0, 3)).data())).toEqual(Array.from(whole, (x) => expect.closeTo(x, 5)))
  })

  it('says what does not fit', () => {
    const model = new GPT(options)
    expect(() => model.forward(zeros([2, 7], int32))).toThrow(new ShapeError('GPT takes at most 6 tokens (its blockSize), got 7'))
    expect(() => model.forward(zeros([6], int32))).toThrow('GPT expects tokens [N, T], got [6]')
    expect(() => model.forward(zeros([2, 6]))).toThrow("GPT takes tokens as int32, got float32; cast with x.cast('int32')")
    expect(() => model.forward(tensor(Int32Array.of(11), [1, 1]))).toThrow('transformer.wte')
    expect(() => model.transformer.h[0]!.attn.forward(zeros([2, 6, 7]))).toThrow('CausalSelfAttention expects [N, T, 8], got [2, 6, 7]')
    expect(() => new GPT({ ...options, nHead: 3 })).toThrow('8 features cannot be split among 3 heads')
  })
})
