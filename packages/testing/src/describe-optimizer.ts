/** The conformance suite of an optimizer. */
import { backward } from '@tenon/autograd'
import { isFloat } from '@tenon/kernel'
import type { Optimizer, OptimizerOptions, ParameterGroup, ParameterList, Slots } from '@tenon/optim'
import { counters, jit, memory, type Tensor, tensor, Variable } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { difference } from './close.ts'

/** Where an optimizer has to arrive. */
export interface OptimizerReference<O> {
  /** What the numbers are of: `torch.optim.Adam 1.13, float64`. */
  readonly name: string
  readonly options: O
  readonly start: readonly number[]
  /** The gradient at each step. */
  readonly gradients: readonly (readonly number[])[]
  /** The parameter after the last step. */
  readonly expected: readonly number[]
  /** Default 1e-5, on the scale of `expected`. */
  readonly rtol?: number
}

/** Options of `describeOptimizer`. */
export interface DescribeOptimizerOptions<O> {
  /** Options for all that is not a reference: with them, `steps` steps halve a convex loss. */
  readonly options: O
  /** Default 100. */
  readonly steps?: number
  readonly references?: readonly OptimizerReference<O>[]
}

type AnyOptimizer = Optimizer<OptimizerOptions, Slots>

/** Makes an optimizer from parameters, or groups of them, and options. */
// biome-ignore lint/suspicious/noExplicitAny: the groups are those of the optimizer's own options, which nobody can name here
export type MakeOptimizer<O> = (parameters: any, options: O) => AnyOptimizer

/** Shapes that a model may have: a matrix, a vector, a scalar, and nothing at all. */
const shapes: Readonly<Record<string, readonly number[]>> = { 'fc.weight': [2, 3], 'fc.bias': [3], scale: [], nothing: [0] }

const numbers = (length: number, salt: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 1.5 * Math.sin(1.7 * i + salt + 0.5))

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

const makeParameters = (): [name: string, parameter: Variable][] =>
  Object.entries(shapes).map(([name, shape], k) => {
    const parameter = new Variable(tensor(numbers(sizeOf(shape), k), shape), { name })
    parameter.requiresGrad = true
    return [name, parameter]
  })

/** Σ cᵢ (pᵢ − tᵢ)²: strictly convex, its least value 0, steeper in some directions than in others. */
const convexLoss = (parameters: readonly (readonly [string, Variable])[]): Tensor =>
  parameters
    .map(([, p], k) => {
      const distance = p.sub(tensor(numbers(p.size, 10 + k), p.shape))
      const steepness = tensor(
        Float32Array.from({ length: p.size }, (_, i) => 0.5 + (i % 3)),
        p.shape,
      )
      return distance.mul(distance).mul(steepness).sum()
    })
    .reduce((a, b) => a.add(b))

const read = (list: readonly (readonly [string, Tensor])[]): Promise<(readonly [string, number[]])[]> =>
  Promise.all(list.map(async ([name, x]) => [name, [...(await x.data())]] as const))

/** Values and shapes of a state, away from the variables that hold it. */
const copied = async (state: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(state).map(async ([name, x]) => [name, tensor(await x.data(), x.shape, { dtype: x.dtype })] as const)),
  )

type Check = readonly [name: string, run: () => void | Promise<void>]

/**
 * Checks an optimizer on the current backend: that it halves a convex loss, arrives where references say, goes on from a saved state to the same
 * bits, gives the same bits under `jit`, follows the options of parameter groups, passes over parameters without a gradient, stays put where the
 * gradients are zero, runs a step as one program in flat memory, and takes another learning rate without planning anew. Call it in a test
 * file of vitest.
 *
 * ```ts
 * describeOptimizer('Momentum', (parameters, options) => new Momentum(parameters, options), { options: { lr: 0.1 } })
 * ```
 */
export function describeOptimizer<O extends object>(name: string, make: MakeOptimizer<O>, options: DescribeOptimizerOptions<O>): void {
  describe(`optimizer ${name}`, () => {
    for (const [title, run] of optimizerChecks(make, options)) test(title, run)
  })
}

/** What `describeOptimizer` runs, one by one: each throws if the optimizer fails it. */
export function optimizerChecks<O extends object>(
  make: MakeOptimizer<O>,
  { options, steps = 100, references = [] }: DescribeOptimizerOptions<O>,
): readonly Check[] {
  const checks: Check[] = []
  const check = (...entry: Check): void => {
    checks.push(entry)
  }

  interface Run {
    readonly parameters: [string, Variable][]
    readonly optimizer: AnyOptimizer
    /** A step down the convex loss, which it returns. */
    readonly step: () => Tensor
  }

  const start = (group: (parameters: [string, Variable][]) => ParameterList | ParameterGroup<O>[] = (p) => p): Run => {
    const parameters = makeParameters()
    const optimizer = make(group(parameters), options)
    const step = (): Tensor => {
      optimizer.zeroGrad()
      const loss = convexLoss(parameters)
      backward(loss)
      optimizer.step()
      return loss
    }
    return { parameters, optimizer, step }
  }

  const take = (count: number, step: () => unknown): void => {
    for (let i = 0; i < count; i++) step()
  }

  /** A step along given gradients. */
  const push = ({ parameters, optimizer }: Run, gradient: (name: string, like: Variable) => Tensor | null): void => {
    for (const [key, parameter] of parameters) parameter.grad = gradient(key, parameter)
    optimizer.step()
  }

  const zero = (_: string, like: Variable): Tensor => tensor(new Float32Array(like.size), like.shape)

  check(`halves a convex loss in ${steps} steps`, async () => {
    const { step } = start()
    const losses = Array.from({ length: steps + 1 }, step)
    const read = await Promise.all(losses.map((loss) => loss.item()))
    expect(read.every(Number.isFinite)).toBe(true)
    expect(read[steps]!).toBeLessThan(read[0]! / 2)
  })

  for (const reference of references) {
    check(`arrives where ${reference.name} does`, async () => {
      const parameter = new Variable(tensor(Float32Array.from(reference.start)))
      const optimizer = make([['weight', parameter]], reference.options)
      for (const gradient of reference.gradients) {
        parameter.grad = tensor(Float32Array.from(gradient))
        optimizer.step()
      }
      expect(difference(await parameter.data(), reference.expected, { rtol: reference.rtol ?? 1e-5 })).toBe(null)
    })
  }

  check('goes on from a saved state to the same bits', async () => {
    const whole = start()
    take(5, whole.step)
    whole.optimizer.lr *= 0.5
    const { state, groups } = whole.optimizer.stateDict()
    const saved = { state: await copied(state), groups: JSON.parse(JSON.stringify(groups)) }
    const weights = await copied(Object.fromEntries(whole.parameters))
    take(5, whole.step)

    const resumed = start()
    take(2, resumed.step)
    for (const [key, parameter] of resumed.parameters) parameter.assign(weights[key]!)
    resumed.optimizer.loadStateDict(saved)
    take(5, resumed.step)
    expect(await read(resumed.parameters)).toEqual(await read(whole.parameters))
    expect(await read(Object.entries(resumed.optimizer.stateDict().state))).toEqual(
      await read(Object.entries(whole.optimizer.stateDict().state)),
    )
    expect(resumed.optimizer.stateDict().groups).toEqual(whole.optimizer.stateDict().groups)
  })

  check('names its variables <parameter>.<slot>', () => {
    const { state } = start().optimizer.stateDict()
    const strange = Object.keys(state).filter((key) => !Object.keys(shapes).some((parameter) => key.startsWith(`${parameter}.`)))
    expect(strange).toEqual([])
  })

  check('gives the same bits under jit', async () => {
    const [plain, other] = [start(), start()]
    const captured = jit(other.step)
    take(6, plain.step)
    take(6, captured)
    expect(await read(other.parameters)).toEqual(await read(plain.parameters))
  })

  check('follows the options of each group of parameters', async () => {
    const halved = make(makeParameters(), options).lr / 2
    const own = { lr: halved } as unknown as Partial<O>
    const [whole, slower, grouped] = [
      start(),
      start((parameters) => [{ params: parameters, ...own }]),
      start((parameters) => [{ params: parameters.slice(0, 1) } as unknown as ParameterGroup<O>, { params: parameters.slice(1), ...own }]),
    ]
    // The loss is a sum over the parameters, so that the gradient of one does not depend on the others.
    for (const run of [whole, slower, grouped]) take(4, run.step)
    expect(await read(grouped.parameters)).toEqual([
      ...(await read(whole.parameters.slice(0, 1))),
      ...(await read(slower.parameters.slice(1))),
    ])
    expect(await read(slower.parameters)).not.toEqual(await read(whole.parameters))
    expect(grouped.optimizer.paramGroups.map(({ lr }) => lr)).toEqual([2 * halved, halved])
  })

  check('passes over a parameter without a gradient, its state included', async () => {
    const run = start()
    const before = [await read(run.parameters), await read(Object.entries(run.optimizer.stateDict().state))] as const
    for (let i = 0; i < 3; i++) push(run, (key, like) => (key === 'scale' ? null : zero(key, like).add(1)))
    const after = [await read(run.parameters), await read(Object.entries(run.optimizer.stateDict().state))] as const
    const of = (entries: readonly (readonly [string, number[]])[]): typeof entries => entries.filter(([key]) => key.startsWith('scale'))
    expect(after.map(of)).toEqual(before.map(of))
    expect(after[0]).not.toEqual(before[0])
  })

  check('moves nothing away from zero where all gradients are zero', async () => {
    const run = start()
    const before = new Map(await read(run.parameters))
    for (let i = 0; i < 3; i++) push(run, zero)
    for (const [key, values] of await read(run.parameters)) {
      // Weight decay may bring it nearer.
      const grown = values.filter((value, i) => !(Math.abs(value) <= Math.abs(before.get(key)![i]!)))
      expect([key, grown]).toEqual([key, []])
    }
  })

  check('stays finite where gradients are tiny or huge', async () => {
    const run = start()
    for (const size of [1e-30, 0, 1e10, 1e-10]) push(run, (key, like) => zero(key, like).add(size))
    const values = (await read(run.parameters)).flatMap(([, list]) => list)
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([])
  })

  check('keeps state in the dtype of floats', () => {
    const strange = Object.entries(start().optimizer.stateDict().state).filter(([, { dtype }]) => !isFloat(dtype))
    expect(strange.map(([key]) => key)).toEqual([])
  })

  for (const mode of ['eager', 'jit'] as const) {
    check(`runs a step as one program in flat memory, ${mode}`, () => {
      const run = start()
      const step = mode === 'jit' ? jit(run.step) : run.step
      take(10, step)
      const held = memory()
      const before = { ...counters }
      take(20, step)
      expect(memory()).toEqual(held)
      expect([counters.plans - before.plans, counters.runs - before.runs]).toEqual([0, 20])
    })
  }

  for (const mode of ['eager', 'jit'] as const) {
    check(`takes another learning rate and plans nothing anew, ${mode}`, async () => {
      const run = start()
      const { lr } = run.optimizer
      const step = mode === 'jit' ? jit(run.step) : run.step
      take(4, step)
      const { plans } = counters
      run.optimizer.lr = 0
      const before = await read(run.parameters)
      take(2, step)
      expect(await read(run.parameters)).toEqual(before)
      for (let i = 2; i < 6; i++) {
        run.optimizer.lr = lr / i
        step()
      }
      expect(await read(run.parameters)).not.toEqual(before)
      expect(counters.plans).toBe(plans)
    })
  }

  check('refuses another learning rate inside of a jitted function', () => {
    const run = start()
    const captured = jit(() => {
      run.optimizer.lr = 1e-4
      return run.step()
    })
    expect(captured).toThrow('lr was set inside of a jitted function')
  })

  check('refuses unknown options and rates out of range', () => {
    expect(() => make(makeParameters(), { ...options, noSuchOption: 1 })).toThrow('has no option noSuchOption')
    expect(() => make(makeParameters(), { ...options, lr: -1 })).toThrow('lr must be a number ≥ 0')
  })
  return checks
}
