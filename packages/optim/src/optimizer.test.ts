import { counters, jit, type Tensor, tensor, Variable, zeros, zerosLike } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Adam, Optimizer, OptimizerError, type ParameterList, SGD } from './index.ts'

const parameter = (...values: number[]): Variable => new Variable(tensor(values))
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())]

/** A step with the gradient 1 everywhere. */
function step(optimizer: { step(): void }, ...parameters: Variable[]): void {
  for (const p of parameters) p.grad = tensor(1).broadcastTo(p.shape)
  optimizer.step()
}

describe('an optimizer', () => {
  it('passes over parameters without a gradient', async () => {
    const [a, b] = [parameter(1), parameter(1)]
    const optimizer = new Adam(
      [
        ['a', a],
        ['b', b],
      ],
      { lr: 0.5 },
    )
    step(optimizer, a)
    step(optimizer, a)
    expect(await read(a)).toEqual([expect.closeTo(0, 5)])
    expect(await read(b)).toEqual([1])
    // … and counts their steps from their own first one
    expect(await read(optimizer.stateDict().state['b.step']!)).toEqual([0])
    b.grad = tensor([7])
    optimizer.step()
    expect(await read(b)).toEqual([expect.closeTo(0.5, 5)])
  })

  it('zeroGrad forgets gradients', () => {
    const a = parameter(1)
    a.grad = zeros([1])
    new SGD([a]).zeroGrad()
    expect(a.grad).toBe(null)
  })

  it('runs a step as one program, planned once', () => {
    const parameters = [parameter(1, 2), parameter(3)]
    const optimizer = new Adam(parameters)
    step(optimizer, ...parameters)
    const before = { ...counters }
    for (let i = 0; i < 3; i++) step(optimizer, ...parameters)
    expect(counters.plans).toBe(before.plans)
    expect(counters.runs).toBe(before.runs + 3)
  })

  it('plans nothing anew for another learning rate', async () => {
    const p = parameter(10)
    const optimizer = new SGD([p], { lr: 1 })
    step(optimizer, p)
    step(optimizer, p)
    const { plans } = counters
    for (const lr of [0.5, 0, 1, 0.25]) {
      optimizer.lr = lr
      expect(optimizer.lr).toBe(lr)
      step(optimizer, p)
    }
    expect(counters.plans).toBe(plans)
    expect(await read(p)).toEqual([10 - 1 - 1 - 0.5 - 0 - 1 - 0.25])
  })

  it('takes another learning rate under jit too', async () => {
    const p = parameter(10)
    const optimizer = new SGD([p], { lr: 1 })
    const captured = jit((g: Tensor) => {
      p.grad = g
      optimizer.step()
    })
    captured(tensor([1]))
    optimizer.lr = 0.5
    captured(tensor([2]))
    optimizer.lr = 0
    captured(tensor([2]))
    expect(await read(p)).toEqual([8])
  })

  it('counts Adam’s steps under jit', async () => {
    const [p, q] = [parameter(1, -1), parameter(1, -1)]
    const [plain, other] = [new Adam([p], { lr: 0.1 }), new Adam([q], { lr: 0.1 })]
    const captured = jit((g: Tensor) => {
      q.grad = g
      other.step()
    })
    for (let i = 0; i < 5; i++) {
      const g = tensor([Math.sin(i), Math.cos(i)])
      p.grad = g
      plain.step()
      captured(g)
    }
    expect(await read(q)).toEqual(await read(p))
    expect(await read(other.stateDict().state['0.step']!)).toEqual([5])
  })

  it('may be written in two methods', async () => {
    class SignDescent extends Optimizer<{ lr: number; every: number }, { calls: Variable }> {
      constructor(parameters: ParameterList, options: { lr?: number; every?: number } = {}) {
        super(parameters, { lr: 1, every: 1 }, options)
      }
      init(p: Variable): { calls: Variable } {
        return { calls: new Variable(zerosLike(p)) }
      }
      update(
        p: Tensor,
        g: Tensor,
        { calls }: { calls: Tensor },
        { lr, every }: { lr: Tensor; every: number },
      ): { parameter: Tensor; calls: Tensor } {
        return { parameter: p.sub(g.div(g.abs()).mul(lr).mul(every)), calls: calls.add(1) }
      }
    }
    const p = parameter(5, 5)
    const optimizer = new SignDescent([['w', p]], { every: 2 })
    p.grad = tensor([3, -4])
    optimizer.step()
    expect(await read(p)).toEqual([3, 7])
    expect(optimizer.stateDict().groups).toEqual([{ params: ['w'], lr: 1, every: 2, maximize: false }])
    expect(optimizer.stateDict().state['w.calls']!.name).toBe('w.calls')
  })
})

describe('parameters', () => {
  it.each<[string, unknown, string]>([
    ['an empty list', [], 'SGD got no parameters'],
    ['a model', { namedParameters: () => [] }, 'SGD takes model.namedParameters() or model.parameters(), got Object'],
    ['a method', () => [], 'got function'],
    ['nothing', undefined, 'got undefined'],
    ['numbers', [1], 'SGD: parameter 0 is not a Variable but number'],
    ['tensors', [['w', tensor([1])]], 'SGD: parameter w is not a Variable but Tensor'],
    [
      'equal names',
      [
        ['w', parameter(1)],
        ['w', parameter(1)],
      ],
      'two parameters are called w',
    ],
  ])('refuses %s', (_name, list, message) => {
    expect(() => new SGD(list as ParameterList)).toThrow(OptimizerError)
    expect(() => new SGD(list as ParameterList)).toThrow(message)
  })

  it('refuses one parameter twice', () => {
    const p = parameter(1)
    expect(
      () =>
        new SGD([
          ['a', p],
          ['b', p],
        ]),
    ).toThrow('SGD: parameters a and b are the same')
  })
})

describe('state', () => {
  const make = (options: { lr?: number; betas?: [number, number] } = {}): { optimizer: Adam; p: Variable } => {
    const p = parameter(1, 2)
    return { optimizer: new Adam([['fc.weight', p]], options), p }
  }

  it('is kept by parameter name, with options that are plain JSON', () => {
    const { state, groups } = make().optimizer.stateDict()
    expect(Object.keys(state)).toEqual(['fc.weight.step', 'fc.weight.expAvg', 'fc.weight.expAvgSq'])
    const options = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false }
    expect(JSON.parse(JSON.stringify(groups))).toEqual([{ params: ['fc.weight'], ...options }])
  })

  it('makes another optimizer go on where this one is', async () => {
    const [a, b] = [make({ lr: 0.1, betas: [0.5, 0.6] }), make()]
    step(a.optimizer, a.p)
    step(a.optimizer, a.p)
    a.optimizer.lr = 0.3
    const { state, groups } = a.optimizer.stateDict()
    b.optimizer.loadStateDict({ state, groups: JSON.parse(JSON.stringify(groups)) })
    b.p.assign(a.p)
    expect(b.optimizer.lr).toBe(0.3)
    step(a.optimizer, a.p)
    step(b.optimizer, b.p)
    expect(await read(b.p)).toEqual(await read(a.p))
    expect(await read(b.optimizer.stateDict().state['fc.weight.expAvgSq']!)).toEqual(await read(state['fc.weight.expAvgSq']!))
  })

  it('reaches a captured step', async () => {
    const [a, b] = [make({ lr: 0.1 }), make({ lr: 0.1, betas: [0.5, 0.6] })]
    const captured = jit((g: Tensor) => {
      b.p.grad = g
      b.optimizer.step()
    })
    captured(tensor([1, 1]))
    b.optimizer.loadStateDict(a.optimizer.stateDict())
    b.p.assign(a.p)
    step(a.optimizer, a.p)
    captured(tensor([1, 1]))
    expect(await read(b.p)).toEqual(await read(a.p))
  })

  it('lists everything that does not fit, and loads nothing then', async () => {
    const { optimizer } = make()
    const load = (): void =>
      optimizer.loadStateDict({
        state: { 'fc.weight.step': tensor([3]), 'fc.weight.expAvg': tensor([1, 1]), extra: tensor(1) },
        groups: [{ ...optimizer.stateDict().groups[0]!, params: ['fc.bias'], lr: 0.5 }],
      })
    expect(load).toThrow(OptimizerError)
    expect(load).toThrow(
      [
        'The state does not fit this Adam; nothing was loaded.',
        '  fc.weight.expAvgSq is missing',
        '  extra is unexpected',
        '  fc.weight.step is float32 [], got float32 [1]',
        '  group 0 holds fc.weight, and in the state fc.bias',
      ].join('\n'),
    )
    expect(optimizer.lr).toBe(1e-3)
    expect(await read(optimizer.stateDict().state['fc.weight.expAvg']!)).toEqual([0, 0])
  })

  it('refuses options of another optimizer', () => {
    const sgd = new SGD([['fc.weight', parameter(1)]])
    const { groups } = make().optimizer.stateDict()
    expect(() => sgd.loadStateDict({ state: {}, groups: groups as never })).toThrow('SGD has no option betas, eps')
  })
})
