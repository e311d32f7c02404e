import { tensor } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import {
  ELU,
  Flatten,
  GELU,
  Identity,
  type Layer,
  LeakyReLU,
  LogSoftmax,
  ReLU,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './index.ts'

const inputs = [-3, -0.5, 0, 0.5, 3]

describe('activations', () => {
  // [round(v, 6) for v in f(torch.tensor([-3., -.5, 0., .5, 3.]))] of PyTorch 1.13
  it.each<[Layer, number[], string]>([
    [new ReLU(), [0, 0, 0, 0.5, 3], 'ReLU()'],
    [new LeakyReLU(), [-0.03, -0.005, 0, 0.5, 3], 'LeakyReLU(negativeSlope=0.01)'],
    [new LeakyReLU(0.2), [-0.6, -0.1, 0, 0.5, 3], 'LeakyReLU(negativeSlope=0.2)'],
    [new ELU(), [-0.950213, -0.393469, 0, 0.5, 3], 'ELU(alpha=1)'],
    [new ELU(2), [-1.900426, -0.786939, 0, 0.5, 3], 'ELU(alpha=2)'],
    [new GELU(), [-0.00405, -0.154269, 0, 0.345731, 2.99595], 'GELU(approximate=none)'],
    [new GELU({ approximate: 'tanh' }), [-0.003637, -0.154286, 0, 0.345714, 2.996363], 'GELU(approximate=tanh)'],
    [new SiLU(), [-0.142278, -0.18877, 0, 0.31123, 2.857722], 'SiLU()'],
    [new Sigmoid(), [0.047426, 0.377541, 0.5, 0.622459, 0.952574], 'Sigmoid()'],
    [new Tanh(), [-0.995055, -0.462117, 0, 0.462117, 0.995055], 'Tanh()'],
    [new Softplus(), [0.048587, 0.474077, 0.693147, 0.974077, 3.048587], 'Softplus(beta=1, threshold=20)'],
    [new Softplus(3), [0.000041, 0.067138, 0.231049, 0.567138, 3.000041], 'Softplus(beta=3, threshold=20)'],
    [new Softmax(0), [0.002129, 0.025931, 0.042752, 0.070487, 0.858702], 'Softmax(dim=0)'],
    [new LogSoftmax(-1), [-6.152333, -3.652333, -3.152333, -2.652333, -0.152333], 'LogSoftmax(dim=-1)'],
    [new Identity(), inputs, 'Identity()'],
  ])('%s', async (layer, expected, name) => {
    const y = await layer.forward(tensor(inputs)).data()
    expect([...y]).toEqual(expected.map((value) => expect.closeTo(value, 5)))
    expect(layer.toString()).toBe(name)
    expect(layer.parameters()).toEqual([])
  })
})

describe('Flatten', () => {
  it('joins all but the first dimension, or those that one names', () => {
    const x = tensor(new Float32Array(24), [2, 3, 2, 2])
    expect(new Flatten().forward(x).shape).toEqual([2, 12])
    expect(new Flatten(0).forward(x).shape).toEqual([24])
    expect(new Flatten(1, 2).forward(x).shape).toEqual([2, 6, 2])
  })
})

describe('Sequential', () => {
  it('runs its layers in order, and is read like an array', async () => {
    const model = new Sequential(new ReLU(), new Softplus(), new ReLU())
    expect(model.length).toBe(3)
    expect(model[1]).toBeInstanceOf(Softplus)
    expect([...model].map(String)).toEqual(['ReLU()', 'Softplus(beta=1, threshold=20)', 'ReLU()'])
    expect(await model.forward(tensor([-5])).item()).toBeCloseTo(Math.LN2, 6)
  })

  it('refuses what is no module', () => {
    expect(() => new Sequential(new ReLU(), ((x: number) => x) as unknown as Layer)).toThrow(
      'Sequential takes modules, argument 1 is function',
    )
  })
})
