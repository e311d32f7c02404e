import { type DType, isCapturing, JitError, realize, type Tensor, tensor, Variable } from '@tenon/tensor'
import { checkNotNegative } from './options.ts'

/** What all optimizers take. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr: number
  /** Climb rather than descend: the sign of every gradient is turned before anything else. Default false. */
  readonly maximize?: boolean
}

/** The options as `update` sees them: the learning rate is a scalar tensor, so that it may change without planning anew. */
export type UpdateOptions<O extends OptimizerOptions> = Omit<O, 'lr'> & { readonly lr: Tensor }

/** What a checkpoint keeps of a group: the names of its parameters, and its options. */
export type GroupState<O extends OptimizerOptions> = O & { readonly params: readonly string[] }

/** Parameters of an optimizer that share options. PyTorch: an entry of `optimizer.param_groups`. */
export class ParamGroup<O extends OptimizerOptions> {
  /** Names of the parameters. */
  readonly params: readonly string[]
  readonly #who: string
  /** The learning rate, in a Variable: a captured step reads it anew at each call. */
  readonly rate: Variable
  #options: O

  constructor(who: string, params: readonly string[], options: O, dtype: DType) {
    this.#who = who
    this.params = params
    this.#options = options
    this.rate = new Variable(tensor(options.lr, [], { dtype }), { name: 'lr' })
  }

  /** To change another option than `lr`, load a state: jit has to hear of it. */
  get options(): O {
    return this.#options
  }

  get lr(): number {
    return this.#options.lr
  }

  /**
   * The learning rate may be changed at any time, and plans nothing anew.
   *
   * @throws OptimizerError unless it is a number ≥ 0, JitError inside a jitted function, which would set it once and never again.
   */
  set lr(lr: number) {
    checkNotNegative(this.#who, 'lr', lr)
    if (isCapturing()) {
      throw new JitError(
        `${this.#who}: lr was set inside of a jitted function, which runs once and is replayed from then on; set it, and step schedules, between calls`,
      )
    }
    this.#options = { ...this.#options, lr }
    this.rate.assign(lr)
    // Written now, a step finds it in memory at any time; pending, it would be a number in that step's program, which is then another one.
    realize()
  }

  /** For a parameter of some dtype. */
  updateOptions(dtype: DType): UpdateOptions<O> {
    return { ...this.#options, lr: this.rate.cast(dtype) }
  }

  stateDict(): GroupState<O> {
    return { params: this.params, ...this.#options }
  }

  /** Takes over options that were checked. */
  load(options: O): void {
    this.#options = options
    this.lr = options.lr
  }
}
