import { tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { BatchNorm2d, Conv2d, fromTorchKeys, Linear, Sequential, StateDictError } from './index.ts'

const net = (): Sequential => new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new Linear(4, 2))

describe('stateDict', () => {
  it('has PyTorch’s keys, in camelCase', () => {
    expect(Object.keys(net().stateDict())).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
      '1.runningMean',
      '1.runningVar',
      '1.numBatchesTracked',
      '2.weight',
      '2.bias',
    ])
  })

  it('makes another model the same, and not its twin', async () => {
    const [a, b] = [net(), net()]
    const before = await a[0]!.stateDict()['weight']!.data()
    expect(b.loadStateDict(a.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] })
    a[0]!.stateDict()['weight']!.assign(0)
    expect(await b[0]!.stateDict()['weight']!.data()).toEqual(before)
  })

  it('may be loaded into the model it came from', async () => {
    const a = net()
    const before = await a.stateDict()['2.weight']!.data()
    a.loadStateDict(a.stateDict())
    expect(await a.stateDict()['2.weight']!.data()).toEqual(before)
  })
})

describe('loadStateDict', () => {
  it('lists everything that does not fit, and loads nothing then', async () => {
    const model = net()
    const before = await model.stateDict()['0.weight']!.data()
    const { '2.bias': _bias, '1.runningVar': _var, ...rest } = model.stateDict()
    const state = {
      ...rest,
      '0.weight': zeros([2, 1, 3, 3]),
      '2.weight': zeros([2, 5]),
      '0.bias': zeros([2], { dtype: 'int32' }),
      extra: zeros([1]),
    }
    expect(() => model.loadStateDict(state)).toThrow(StateDictError)
    expect(() => model.loadStateDict(state)).toThrow(
      [
        'The state dict does not fit Sequential; nothing was loaded.',
        '  missing: 1.runningVar, 2.bias',
        '  unexpected: extra',
        '  0.bias: float32 [2] is expected, got int32 [2]',
        '  2.weight: float32 [2, 4] is expected, got float32 [2, 5]',
      ].join('\n'),
    )
    expect(await model.stateDict()['0.weight']!.data()).toEqual(before)
  })

  it('with strict: false loads what fits, and says what did not', async () => {
    const model = net()
    const report = model.loadStateDict({ '0.bias': tensor([5, 6]), head: zeros([1]) }, { strict: false })
    expect(report.unexpectedKeys).toEqual(['head'])
    expect(report.missingKeys).toContain('2.weight')
    expect(await model.stateDict()['0.bias']!.toArray()).toEqual([5, 6])
  })

  it('refuses a wrong shape even so', () => {
    expect(() => net().loadStateDict({ '0.bias': zeros([3]) }, { strict: false })).toThrow(
      '0.bias: float32 [2] is expected, got float32 [3]',
    )
  })

  it('casts other precisions of the same kind', async () => {
    const model = new Linear(1, 1)
    model.loadStateDict({ weight: tensor(Float64Array.of(0.5), [1, 1]), bias: tensor([1]) })
    expect(model.weight.dtype).toBe('float32')
    expect(await model.weight.toArray()).toEqual([[0.5]])
  })

  it('wants a shared parameter under one of its paths only', async () => {
    const shared = new Linear(2, 2)
    const model = new Sequential(shared, shared)
    const { weight, bias } = new Linear(2, 2)
    expect(model.loadStateDict({ '0.weight': weight, '0.bias': bias! })).toEqual({
      missingKeys: [],
      unexpectedKeys: [],
    })
    expect(await shared.weight.data()).toEqual(await weight.data())
  })
})

describe('fromTorchKeys', () => {
  it('makes camelCase of PyTorch’s keys, path by path, and leaves all else', () => {
    expect(
      fromTorchKeys({
        'layers.0.weight_ih_l0_reverse': 1,
        'self_attn.in_proj_weight': 2,
        'conv_1.bias': 3,
        '_head.weight': 4,
        'fc.weight': 5,
      }),
    ).toEqual({ 'layers.0.weightIhL0Reverse': 1, 'selfAttn.inProjWeight': 2, 'conv1.bias': 3, '_head.weight': 4, 'fc.weight': 5 })
  })

  it('refuses two keys that would become one', () => {
    expect(() => fromTorchKeys({ 'fc_1.bias': 1, 'fc1.bias': 2 })).toThrow(
      new StateDictError('fromTorchKeys: both fc_1.bias and fc1.bias would be fc1.bias; rename one of them'),
    )
  })
})
