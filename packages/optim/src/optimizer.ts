import { invalidateJit, isFloat, isTensor, realize, sameShape, showShape, type Tensor, tensor, Variable } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { checkNotNegative, readOptions } from './options.ts'
import { type ParameterList, readParameters } from './parameters.ts'

export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr: number
}

/** The variables that an optimizer keeps for one parameter. */
export type Slots = Readonly<Partial<Record<string, Variable>>>

/** Values of the slots. */
export type SlotValues<S extends Slots> = { readonly [K in keyof S]: Tensor }

/** The options as `update` sees them: the learning rate is a scalar tensor, so that it may change without planning anew. */
export type UpdateOptions<O extends OptimizerOptions> = Omit<O, 'lr'> & { readonly lr: Tensor }

/** What a checkpoint keeps of an optimizer: variables by `<parameter>.<slot>`, and options that are plain JSON. */
export interface OptimizerState<O extends OptimizerOptions> {
  readonly state: Readonly<Record<string, Variable>>
  readonly options: O
}

interface Tracked<S> {
  readonly variable: Variable
  readonly slots: S
}

/**
 * An optimizer is two methods: `init` makes its variables for a parameter, `update` gives the next values.
 *
 * ```ts
 * class Momentum extends Optimizer<{ lr: number; decay: number }, { velocity: Variable }> {
 *   constructor(parameters: ParameterList, options: { lr: number; decay?: number }) {
 *     super(parameters, { lr: 0.1, decay: 0.9 }, options)
 *   }
 *   init(parameter: Variable) {
 *     return { velocity: new Variable(zerosLike(parameter)) }
 *   }
 *   update(parameter: Tensor, gradient: Tensor, { velocity }: { velocity: Tensor }, { lr, decay }: { lr: Tensor; decay: number }) {
 *     const next = velocity.mul(decay).add(gradient)
 *     return { parameter: parameter.sub(next.mul(lr)), velocity: next }
 *   }
 * }
 * ```
 *
 * `init` is called by the constructor of this class, so it must not use fields of the subclass: what it needs are options.
 * Groups of parameters with options of their own are an optimizer each. PyTorch: `torch.optim.Optimizer`.
 */
export abstract class Optimizer<O extends OptimizerOptions, S extends Slots> {
  readonly #tracked: ReadonlyMap<string, Tracked<S>>
  readonly #defaults: O
  // In a Variable: a captured step reads it anew at each call.
  readonly #lr: Variable
  #options: O

  /** @throws OptimizerError for no parameters, a parameter given twice, an unknown option, or one out of range. */
  constructor(parameters: ParameterList, defaults: O, options: Partial<O>) {
    const who = this.constructor.name
    this.#defaults = defaults
    this.#options = this.#checked(options)
    const byName = readParameters(who, parameters)
    if (byName.size === 0) throw new OptimizerError(`${who} got no parameters; does the model hold them in fields that are not #private?`)
    const double = [...byName.values()].some(({ dtype }) => dtype === 'float64')
    this.#lr = new Variable(tensor(this.lr, [], { dtype: double ? 'float64' : 'float32' }), { name: 'lr' })
    this.#tracked = new Map([...byName].map(([name, variable]) => [name, { variable, slots: this.#slots(name, variable) }]))
    // Initial values are computed now, so that the first step is planned like all others.
    realize()
  }

  /** The variables kept for a parameter, at the start. */
  abstract init(parameter: Variable, options: O): S

  /** The next values of a parameter and of its slots. */
  abstract update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<S>,
    options: UpdateOptions<O>,
  ): { readonly parameter: Tensor } & SlotValues<S>

  /** Throws if an option is out of range. The learning rate is checked already. */
  checkOptions(_options: O): void {}

  get options(): O {
    return this.#options
  }

  /** The learning rate. It may be changed at any time, but for inside a jitted function. */
  get lr(): number {
    return this.#options.lr
  }

  set lr(lr: number) {
    checkNotNegative(this.constructor.name, 'lr', lr)
    this.#options = { ...this.#options, lr }
    this.#lr.assign(lr)
    // Written now, a step finds it in memory at any time; pending, it would be a number in that step's program, which is then another one.
    realize()
  }

  /** Updates each parameter that has a gradient. The whole step, from the forward pass on, is computed here, at once. */
  step(): void {
    for (const { variable, slots } of this.#tracked.values()) {
      if (variable.grad === null) continue
      const options = { ...this.#options, lr: this.#lr.cast(variable.dtype) }
      const next = this.update(variable, variable.grad, slots as SlotValues<S>, options)
      for (const [key, value] of Object.entries<Tensor>(next)) (key === 'parameter' ? variable : slots[key])?.assign(value)
    }
    realize()
  }

  /** Forgets the gradients: `backward` adds to those that exist. */
  zeroGrad(): void {
    for (const { variable } of this.#tracked.values()) variable.grad = null
  }

  stateDict(): OptimizerState<O> {
    return { state: Object.fromEntries(this.#state()), options: this.#options }
  }

  /**
   * Takes over variables and options, the learning rate included.
   *
   * @throws OptimizerError listing every entry that is missing, unexpected or of another shape; then nothing was loaded.
   */
  loadStateDict({ state, options }: { readonly state: Readonly<Record<string, Tensor>>; readonly options: Partial<O> }): void {
    const own = this.#state()
    const problems = [
      ...[...own.keys()].filter((key) => !(key in state)).map((key) => `${key} is missing`),
      ...Object.keys(state)
        .filter((key) => !own.has(key))
        .map((key) => `${key} is unexpected`),
      ...[...own].flatMap(([key, variable]) => (state[key] ? misfit(key, variable, state[key]) : [])),
    ]
    if (problems.length > 0) {
      throw new OptimizerError(`The state does not fit this ${this.constructor.name}; nothing was loaded.\n  ${problems.join('\n  ')}`)
    }
    const checked = this.#checked(options)
    for (const [key, variable] of own) if (state[key] !== variable) variable.assign(state[key]!.cast(variable.dtype))
    this.#options = checked
    this.lr = checked.lr
    // The other options are numbers in the captured program.
    invalidateJit()
  }

  #checked(given: Partial<O>): O {
    const options = readOptions(this.constructor.name, this.#defaults, given)
    checkNotNegative(this.constructor.name, 'lr', options.lr)
    this.checkOptions(options)
    return options
  }

  #slots(name: string, variable: Variable): S {
    const slots = this.init(variable, this.#options)
    for (const [key, slot] of Object.entries(slots)) if (slot) slot.name ??= `${name}.${key}`
    return slots
  }

  #state(): Map<string, Variable> {
    const entries = [...this.#tracked].flatMap(([name, { slots }]) =>
      Object.entries(slots).flatMap(([key, slot]) => (slot ? [[`${name}.${key}`, slot] as const] : [])),
    )
    return new Map(entries)
  }
}

function misfit(key: string, variable: Variable, value: Tensor): string[] {
  if (!isTensor(value) || !sameShape(value.shape, variable.shape) || isFloat(value.dtype) !== isFloat(variable.dtype)) {
    return [`${key} is ${describe(variable)}, got ${isTensor(value) ? describe(value) : typeof value}`]
  }
  const [here, there] = [variable.node.backend, value.node.backend]
  return there && there !== here ? [`${key} lies on ${here?.name}, the value on ${there.name}; use x.to(backend)`] : []
}

const describe = ({ dtype, shape }: Tensor): string => `${dtype} ${showShape(shape)}`
