import {
  type Backend,
  invalidateJit,
  isFloat,
  isTensor,
  moveVariables,
  realize,
  sameShape,
  showShape,
  type Tensor,
  type Variable,
} from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { checkNotNegative, readOptions } from './options.ts'
import { type GroupState, type OptimizerOptions, ParamGroup, type UpdateOptions } from './param-group.ts'
import { type OptimizerParameters, readGroups } from './parameters.ts'

/** The variables that an optimizer keeps for one parameter. */
export type Slots = Readonly<Partial<Record<string, Variable>>>

/** Values of the slots. */
export type SlotValues<S extends Slots> = { readonly [K in keyof S]: Tensor }

/** What `update` gives: the next values of a parameter and of its slots. */
export type Updated<S extends Slots> = { readonly parameter: Tensor } & SlotValues<S>

/** What a checkpoint keeps of an optimizer: variables by `<parameter>.<slot>`, and the options of each group as plain JSON. */
export interface OptimizerState<O extends OptimizerOptions> {
  readonly state: Readonly<Record<string, Variable>>
  readonly groups: readonly GroupState<O>[]
}

interface Tracked<O extends OptimizerOptions, S> {
  readonly variable: Variable
  readonly group: ParamGroup<O>
  readonly slots: S
}

/**
 * An optimizer is two methods: `init` makes its variables for a parameter, `update` gives the next values.
 *
 * ```ts
 * class Momentum extends Optimizer<MomentumOptions, { velocity: Variable }> {
 *   constructor(parameters: OptimizerParameters<MomentumOptions>, options: Partial<MomentumOptions> = {}) {
 *     super(parameters, { lr: 0.1, decay: 0.9 }, options)
 *   }
 *   init(parameter: Variable) {
 *     return { velocity: new Variable(zerosLike(parameter)) }
 *   }
 *   update(parameter: Tensor, gradient: Tensor, { velocity }: { velocity: Tensor }, { lr, decay }: UpdateOptions<MomentumOptions>) {
 *     const next = velocity.mul(decay).add(gradient)
 *     return { parameter: parameter.sub(next.mul(lr)), velocity: next }
 *   }
 * }
 * ```
 *
 * `init` is called by the constructor of this class, so it must not use fields of the subclass: what it needs are options.
 * PyTorch: `torch.optim.Optimizer`.
 */
export abstract class Optimizer<O extends OptimizerOptions, S extends Slots> {
  /** The groups of parameters, each with its options: one group, unless several were given. */
  readonly paramGroups: readonly ParamGroup<O>[]
  readonly #tracked: ReadonlyMap<string, Tracked<O, S>>
  readonly #defaults: O

  /** @throws OptimizerError for no parameters, a parameter given twice, an unknown option, or one out of range. */
  constructor(parameters: OptimizerParameters<O>, defaults: O, options: Partial<O>) {
    const who = this.constructor.name
    this.#defaults = { ...defaults, maximize: defaults.maximize ?? false }
    const groups = readGroups(who, parameters)
    if (groups.every(({ variables }) => variables.size === 0)) {
      throw new OptimizerError(`${who} got no parameters; does the model hold them in fields that are not #private?`)
    }
    const shared = this.#checked(options)
    const made = groups.map(({ variables, options: own }) => {
      const double = [...variables.values()].some(({ dtype }) => dtype === 'float64')
      const group = new ParamGroup(who, [...variables.keys()], this.#checked({ ...shared, ...own }), double ? 'float64' : 'float32')
      const tracked = [...variables].map(
        ([name, variable]) => [name, { variable, group, slots: this.#slots(name, variable, group.options) }] as const,
      )
      return { group, tracked }
    })
    this.paramGroups = made.map(({ group }) => group)
    this.#tracked = new Map(made.flatMap(({ tracked }) => tracked))
    // Initial values are computed now, so that the first step is planned like all others.
    realize()
  }

  /** The variables kept for a parameter, at the start. */
  abstract init(parameter: Variable, options: O): S

  /** The next values of a parameter and of its slots. */
  abstract update(parameter: Tensor, gradient: Tensor, state: SlotValues<S>, options: UpdateOptions<O>): Updated<S>

  /** Throws if an option is out of range. The learning rate is checked already. */
  checkOptions(_options: O): void {}

  /** The learning rate: that of the first group. Setting it sets that of every group; `paramGroups[i].lr` is one group's. */
  get lr(): number {
    return this.paramGroups[0]!.lr
  }

  set lr(lr: number) {
    for (const group of this.paramGroups) group.lr = lr
  }

  /** Updates each parameter that has a gradient. The whole step, from the forward pass on, is computed here, at once. */
  step(): void {
    for (const { variable, group, slots } of this.#tracked.values()) {
      const { grad } = variable
      if (grad === null) continue
      const options = group.updateOptions(variable.dtype)
      const next = this.update(variable, group.options.maximize ? grad.neg() : grad, slots as SlotValues<S>, options)
      for (const [key, value] of Object.entries<Tensor>(next)) (key === 'parameter' ? variable : slots[key])?.assign(value)
    }
    realize()
  }

  /** Forgets the gradients: `backward` adds to those that exist. */
  zeroGrad(): void {
    for (const { variable } of this.#tracked.values()) variable.grad = null
  }

  /** Moves what it keeps to another backend; `await model.to(backend)` moves the parameters. */
  async to(backend: Backend): Promise<this> {
    await moveVariables([...this.#state().values(), ...this.paramGroups.map((group) => group.rate)], backend)
    return this
  }

  stateDict(): OptimizerState<O> {
    return { state: Object.fromEntries(this.#state()), groups: this.paramGroups.map((group) => group.stateDict()) }
  }

  /**
   * Takes over variables and options, the learning rates included.
   *
   * @throws OptimizerError listing every entry that is missing, unexpected or of another shape, and groups of other parameters; then nothing
   *   was loaded.
   */
  loadStateDict(saved: { readonly state: Readonly<Record<string, Tensor>>; readonly groups: readonly GroupState<O>[] }): void {
    const { state, groups } = saved
    if (typeof state !== 'object' || state === null || !Array.isArray(groups)) {
      throw new OptimizerError(`${this.constructor.name}: a state is { state, groups }, as stateDict() gives it`)
    }
    const own = this.#state()
    const problems = [
      ...[...own.keys()].filter((key) => !(key in state)).map((key) => `${key} is missing`),
      ...Object.keys(state)
        .filter((key) => !own.has(key))
        .map((key) => `${key} is unexpected`),
      ...[...own].flatMap(([key, variable]) => (state[key] ? misfit(key, variable, state[key]) : [])),
      ...this.#regrouped(groups),
    ]
    if (problems.length > 0) {
      throw new OptimizerError(`The state does not fit this ${this.constructor.name}; nothing was loaded.\n  ${problems.join('\n  ')}`)
    }
    const checked = groups.map(({ params: _, ...options }) => this.#checked(options as unknown as Partial<O>))
    for (const [key, variable] of own) if (state[key] !== variable) variable.assign(state[key]!.cast(variable.dtype))
    this.paramGroups.forEach((group, i) => {
      group.load(checked[i]!)
    })
    // The other options are numbers in the captured program.
    invalidateJit()
  }

  #checked(given: Partial<O>): O {
    const options = readOptions(this.constructor.name, this.#defaults, given)
    checkNotNegative(this.constructor.name, 'lr', options.lr)
    this.checkOptions(options)
    return options
  }

  #slots(name: string, variable: Variable, options: O): S {
    const slots = this.init(variable, options)
    for (const [key, slot] of Object.entries(slots)) if (slot) slot.name ??= `${name}.${key}`
    return slots
  }

  #state(): Map<string, Variable> {
    const entries = [...this.#tracked].flatMap(([name, { slots }]) =>
      Object.entries(slots).flatMap(([key, slot]) => (slot ? [[`${name}.${key}`, slot] as const] : [])),
    )
    return new Map(entries)
  }

  /** How the groups of a state differ from those that are here. */
  #regrouped(groups: readonly GroupState<O>[]): string[] {
    if (groups.length !== this.paramGroups.length)
      return [`it has ${groups.length} parameter groups, and there are ${this.paramGroups.length}`]
    const wrong = this.paramGroups.findIndex(({ params }, i) => String(params) !== String(groups[i]!.params))
    if (wrong < 0) return []
    return [`group ${wrong} holds ${this.paramGroups[wrong]!.params.join(', ')}, and in the state ${groups[wrong]!.params?.join(', ')}`]
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
