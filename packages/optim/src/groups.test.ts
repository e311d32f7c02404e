import { jit, type Tensor, tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { AdamW, LinearLR, type OptimizerParameters, SGD, type SGDOptions } from './index.ts'

const parameter = (...values: number[]): Variable => new Variable(tensor(values))
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())]

/** Two groups, each of one parameter with gradient 1. */
function make(options: SGDOptions = { lr: 1 }): { a: Variable; b: Variable; optimizer: SGD } {
  const [a, b] = [parameter(10), parameter(10)]
  const groups: OptimizerParameters<SGDOptions> = [{ params: [['a', a]] }, { params: [['b', b]], lr: 0.5 }]
  const optimizer = new SGD(groups, options)
  for (const p of [a, b]) p.grad = tensor([1])
  return { a, b, optimizer }
}

describe('groups of parameters', () => {
  it('have options of their own, and the others from the optimizer', async () => {
    const { a, b, optimizer } = make({ lr: 1, weightDecay: 0.1 })
    optimizer.step()
    expect([await read(a), await read(b)]).toEqual([[8], [9]])
    expect(optimizer.paramGroups.map(({ params, lr, options }) => [params, lr, options.weightDecay])).toEqual([
      [['a'], 1, 0.1],
      [['b'], 0.5, 0.1],
    ])
  })

  it('have rates that change together or alone, without and with jit', async () => {
    const { a, b, optimizer } = make()
    const captured = jit((g: Tensor) => {
      a.grad = g
      b.grad = g
      optimizer.step()
    })
    captured(tensor([1])) // 9, 9.5
    optimizer.paramGroups[1]!.lr = 2
    captured(tensor([1])) // 8, 7.5
    optimizer.lr = 4
    captured(tensor([1])) // 4, 3.5
    expect([await read(a), await read(b)]).toEqual([[4], [3.5]])
    expect(optimizer.lr).toBe(4)
  })

  it('have base rates of their own in a schedule', () => {
    const { optimizer } = make()
    const schedule = new LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 })
    const rates = [0, 1, 2].map(() => {
      const now = optimizer.paramGroups.map(({ lr }) => lr)
      schedule.step()
      return now
    })
    expect(rates).toEqual([
      [0.5, 0.25],
      [0.75, 0.375],
      [1, 0.5],
    ])
    expect(schedule.baseLrs).toEqual([1, 0.5])
  })

  it('number parameters without names across all of them, and may be empty', () => {
    const optimizer = new SGD([{ params: [] }, { params: [parameter(1), parameter(2)] }, { params: new Set([parameter(3)]) }], {
      momentum: 0.9,
    })
    expect(Object.keys(optimizer.stateDict().state)).toEqual(['0.momentumBuffer', '1.momentumBuffer', '2.momentumBuffer'])
  })

  it('decide what is kept for a parameter', () => {
    const optimizer = new SGD([{ params: [['a', parameter(1)]], momentum: 0.9 }, { params: [['b', parameter(1)]] }])
    expect(Object.keys(optimizer.stateDict().state)).toEqual(['a.momentumBuffer'])
  })

  it('are saved with their options, and refused where there are others', () => {
    const [one, other] = [make(), make()]
    one.optimizer.paramGroups[1]!.lr = 0.125
    const { state, groups } = one.optimizer.stateDict()
    other.optimizer.loadStateDict({ state, groups: JSON.parse(JSON.stringify(groups)) })
    expect(other.optimizer.paramGroups.map(({ lr }) => lr)).toEqual([1, 0.125])
    expect(() => other.optimizer.loadStateDict({ state, groups: groups.slice(1) })).toThrow('it has 1 parameter groups, and there are 2')
    expect(() => other.optimizer.loadStateDict({ state, groups: [...groups].reverse() })).toThrow('group 0 holds a, and in the state b')
    expect(() => other.optimizer.loadStateDict({ state } as never)).toThrow('SGD: a state is { state, groups }')
    expect(() => other.optimizer.loadStateDict({ state, groups: [groups[0]!, { ...groups[1]!, lr: -1 }] })).toThrow('lr must be')
    expect(other.optimizer.paramGroups.map(({ lr }) => lr)).toEqual([1, 0.125])
  })

  it.each<[string, () => unknown, string]>([
    ['one parameter in two of them', () => [{ params: [['a', shared]] }, { params: [['b', shared]] }], 'parameters a and b are the same'],
    [
      'one name in two of them',
      () => [{ params: [['a', parameter(1)]] }, { params: [['a', parameter(1)]] }],
      'two parameters are called a',
    ],
    [
      'parameters beside them',
      () => [{ params: [parameter(1)] }, parameter(1)],
      'parameters, or groups { params, … } of them, and not both',
    ],
    ['nothing in any of them', () => [{ params: [] }, { params: [] }], 'AdamW got no parameters'],
    ['unknown options', () => [{ params: [parameter(1)], weight_decay: 0 }], 'AdamW has no option weight_decay'],
    ['options out of range', () => [{ params: [parameter(1)], weightDecay: -1 }], 'weightDecay must be a number ≥ 0, got -1'],
    ['a model', () => [{ params: {} }], 'takes model.namedParameters() or model.parameters(), got Object'],
  ])('refuse %s', (_name, groups, message) => {
    expect(() => new AdamW(groups() as OptimizerParameters<object>)).toThrow(message)
  })
  const shared = parameter(1)
})

describe('maximize', () => {
  it('climbs', async () => {
    const p = parameter(1)
    const optimizer = new SGD([p], { lr: 0.5, maximize: true })
    p.grad = tensor([2])
    optimizer.step()
    expect(await read(p)).toEqual([2])
  })
})
