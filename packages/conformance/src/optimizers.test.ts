/** The suite for authors of optimizers, on ours, on every backend; and on some that break a rule each, which it has to notice. */
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  Lion,
  NAdam,
  Optimizer,
  type OptimizerOptions,
  type OptimizerParameters,
  RAdam,
  RMSprop,
  SGD,
  type SlotValues,
  type Updated,
  type UpdateOptions,
} from '@tenon/optim'
import { currentBackend, type Tensor, useBackend, Variable, zerosLike } from '@tenon/tensor'
import { describeOptimizer, optimizerChecks } from '@tenon/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

/** The gradient of element i at step k. */
const gradients = [0, 1, 2, 3, 4].map((k) => [0, 1, 2].map((i) => Math.sin(3 * k + i) + 0.1 * i))
const start = [1, -2, 0.5]

describe.each(backends)('on $name', ({ make }) => {
  const before = currentBackend()
  beforeAll(async () => {
    await useBackend(make())
  })
  afterAll(async () => {
    await useBackend(before)
  })

  describeOptimizer('SGD', (parameters, options) => new SGD(parameters, options), {
    options: { lr: 0.02, momentum: 0.5, dampening: 0.1, weightDecay: 0.01 },
    references: [
      { name: 'torch.optim.SGD', options: { lr: 0.1 }, start, gradients, expected: [1.02627499229, -2.11178010142, 0.306965145207] },
      {
        name: 'torch.optim.SGD with Nesterov momentum',
        options: { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
        start,
        gradients,
        expected: [1.01195326483, -2.37498221467, -0.13262981715],
      },
    ],
  })
  describeOptimizer('Adam', (parameters, options) => new Adam(parameters, options), {
    options: { lr: 0.05, amsgrad: true },
    references: [
      { name: 'torch.optim.Adam', options: { lr: 0.1 }, start, gradients, expected: [0.94697348857, -2.20231209858, 0.284738440006] },
    ],
  })
  describeOptimizer('AdamW', (parameters, options) => new AdamW(parameters, options), { options: { lr: 0.05 } })
  describeOptimizer('Adamax', (parameters, options) => new Adamax(parameters, options), { options: { lr: 0.05 } })
  describeOptimizer('NAdam', (parameters, options) => new NAdam(parameters, options), { options: { lr: 0.05 } })
  describeOptimizer('RAdam', (parameters, options) => new RAdam(parameters, options), { options: { lr: 0.05, weightDecay: 0.01 } })
  describeOptimizer('Adagrad', (parameters, options) => new Adagrad(parameters, options), { options: { lr: 0.3, lrDecay: 0.01 } })
  describeOptimizer('Adadelta', (parameters, options) => new Adadelta(parameters, options), { options: { lr: 5 } })
  describeOptimizer('RMSprop', (parameters, options) => new RMSprop(parameters, options), {
    options: { lr: 0.02, momentum: 0.5, centered: true },
  })
  describeOptimizer('Lion', (parameters, options) => new Lion(parameters, options), { options: { lr: 0.02, weightDecay: 0.01 } })
})

type Slots = { readonly velocity: Variable }
type Update = (parameter: Tensor, gradient: Tensor, state: SlotValues<Slots>, options: UpdateOptions<OptimizerOptions>) => Updated<Slots>

/** Gradient descent with a slot, but for what `update` does. */
class Custom extends Optimizer<OptimizerOptions, Slots> {
  readonly #update: Update
  constructor(parameters: OptimizerParameters<OptimizerOptions>, options: OptimizerOptions, update: Update) {
    super(parameters, { lr: 0.1 }, options)
    this.#update = update
  }
  init(parameter: Variable): Slots {
    return { velocity: new Variable(zerosLike(parameter)) }
  }
  update(...args: Parameters<Update>): Updated<Slots> {
    return this.#update(...args)
  }
}

/** Which checks an optimizer fails; `update` is made anew with each. */
async function failed(update: () => Update): Promise<string[]> {
  const names: string[] = []
  const checks = optimizerChecks<OptimizerOptions>((parameters, options) => new Custom(parameters, options, update()), {
    options: { lr: 0.05 },
    references: [{ name: 'the formula', options: { lr: 0.1 }, start: [1], gradients: [[1], [2]], expected: [0.7] }],
  })
  for (const [name, run] of checks) {
    try {
      await run()
    } catch {
      names.push(name)
    }
  }
  return names
}

describe('the suite', () => {
  const descend: Update = (parameter, gradient, { velocity }, { lr }) => ({ parameter: parameter.sub(gradient.mul(lr)), velocity })

  test('has nothing against an optimizer that keeps the rules', async () => {
    expect(await failed(() => descend)).toEqual([])
  })

  test.each<[string, () => Update, string[]]>([
    [
      'climbs',
      () => (p, g, state, options) => descend(p, g.neg(), state, options),
      ['halves a convex loss in 100 steps', 'arrives where the formula does'],
    ],
    [
      'keeps state in a field',
      () => {
        const velocities = new Map<string, Tensor>()
        return (p, g, state, { lr }) => {
          const key = p.shape.join()
          const velocity = (velocities.get(key) ?? zerosLike(p)).mul(0.5).add(g)
          velocities.set(key, velocity)
          return { parameter: p.sub(velocity.mul(lr)), velocity: state.velocity }
        }
      },
      ['goes on from a saved state to the same bits', 'gives the same bits under jit'],
    ],
    [
      'counts steps in a field',
      () => {
        let calls = 0
        return (p, g, state, options) => descend(p, g.div(1 + calls++), state, options)
      },
      ['goes on from a saved state to the same bits', 'gives the same bits under jit'],
    ],
    [
      'divides by the gradient',
      () => (p, g, state, options) => descend(p, g.div(g.abs()), state, options),
      ['moves nothing away from zero where all gradients are zero'],
    ],
    [
      'has a rate of its own',
      () =>
        (p, g, { velocity }) => ({ parameter: p.sub(g.mul(0.05)), velocity }),
      [
        'follows the options of each group of parameters',
        'takes another learning rate and plans nothing anew, eager',
        'takes another learning rate and plans nothing anew, jit',
      ],
    ],
    [
      'reads a value at each step',
      () =>
        (p, g, state, { lr }) =>
          descend(p, g, state, { lr: lr.mul(lr.itemSync() / lr.itemSync()) }),
      ['gives the same bits under jit'],
    ],
  ])('notices one that %s', async (_, update, expected) => {
    expect(await failed(update)).toEqual(expect.arrayContaining(expected))
  })
})
