import {
  type Backend,
  isCapturing,
  isFloat,
  isTensor,
  JitError,
  moveVariables,
  realize,
  sameShape,
  showShape,
  Tensor,
  Variable,
} from '@tenon/tensor'
import { runningMean } from './decay.ts'
import { OptimizerError } from './errors.ts'
import { type ParameterList, readParameters } from './parameters.ts'

/** Options of `EMA`. */
export interface EMAOptions {
  /** Share of the averages that an update keeps. Default 0.999. */
  readonly decay?: number
}

/** What a checkpoint keeps: the averages by the names of what they are averages of. */
export interface EMAState {
  readonly state: Readonly<Record<string, Variable>>
  readonly decay: number
}

/**
 * An exponential moving average of weights, which often does better than the last weights (Polyak & Juditsky 1992):
 *
 *     average ← decay · average + (1 − decay) · weight
 *
 * ```ts
 * const ema = new EMA(model.namedParameters(), { decay: 0.999 })
 * optimizer.step()
 * ema.update()
 * const accuracy = await ema.with(() => evaluate(model))
 * ```
 *
 * The averages begin as the weights are now. To average running statistics too, give it `Object.entries(model.stateDict())`; what is not
 * a float, as a count of batches, is taken over as it is. PyTorch: `torch.optim.swa_utils.AveragedModel` with `get_ema_avg_fn(decay)`.
 */
export class EMA {
  readonly decay: number
  readonly #pairs: ReadonlyMap<string, { readonly weight: Variable; readonly average: Variable }>
  #swapped = false

  /** @throws OptimizerError for no parameters, one given twice, or a decay that is not in 0 … 1. */
  constructor(parameters: ParameterList, { decay = 0.999 }: EMAOptions = {}) {
    if (!(decay >= 0 && decay <= 1)) throw new OptimizerError(`EMA: decay must be a number with 0 ≤ decay ≤ 1, got ${decay}`)
    const weights = readParameters('EMA', parameters)
    if (weights.size === 0) throw new OptimizerError('EMA got no parameters; does the model hold them in fields that are not #private?')
    this.decay = decay
    this.#pairs = new Map(
      [...weights].map(([name, weight]) => [name, { weight, average: new Variable(current(weight), { name: `${name}.ema` }) }]),
    )
    realize()
  }

  /** Moves the averages towards the weights. Call it after `optimizer.step()`, in a jitted step too. @throws OptimizerError while swapped. */
  update(): void {
    this.#checkHome('update')
    for (const { weight, average } of this.#pairs.values()) {
      average.assign(isFloat(weight.dtype) ? runningMean(average, weight, this.decay) : current(weight))
    }
    realize()
  }

  /** Whether the averages are in the place of the weights. */
  get swapped(): boolean {
    return this.#swapped
  }

  /** Exchanges weights and averages; a second call exchanges them back. No step may be taken between the two. Not in a jitted function. */
  swap(): void {
    if (isCapturing()) throw new JitError('EMA: swap() was called inside of a jitted function; evaluate outside of it')
    for (const { weight, average } of this.#pairs.values()) {
      const before = current(weight)
      weight.assign(current(average))
      average.assign(before)
    }
    realize()
    this.#swapped = !this.#swapped
  }

  /** Runs `fn`, which may be asynchronous, with the averages as weights. The weights are back afterwards, if it throws too. */
  with<T>(fn: () => T): T {
    this.#checkHome('with')
    this.swap()
    let result: T
    try {
      result = fn()
    } catch (error) {
      this.swap()
      throw error
    }
    if (result instanceof Promise) return result.finally(() => this.swap()) as T
    this.swap()
    return result
  }

  /** Moves the averages to another backend; `await model.to(backend)` moves the weights. */
  async to(backend: Backend): Promise<this> {
    await moveVariables(
      [...this.#pairs.values()].map(({ average }) => average),
      backend,
    )
    return this
  }

  /** @throws OptimizerError while swapped: what lies in the averages' place are the weights. */
  stateDict(): EMAState {
    this.#checkHome('stateDict')
    return { state: Object.fromEntries([...this.#pairs].map(([name, { average }]) => [name, average])), decay: this.decay }
  }

  /**
   * Takes over averages.
   *
   * @throws OptimizerError listing every entry that is missing, unexpected or of another shape or dtype, or if the decay is another; then
   *   nothing was loaded.
   */
  loadStateDict({ state, decay }: { readonly state: Readonly<Record<string, Tensor>>; readonly decay: number }): void {
    this.#checkHome('loadStateDict')
    const problems = [
      ...(decay === this.decay ? [] : [`its decay is ${decay}, and this one's ${this.decay}`]),
      ...[...this.#pairs.keys()].filter((name) => !(name in state)).map((name) => `${name} is missing`),
      ...Object.keys(state)
        .filter((name) => !this.#pairs.has(name))
        .map((name) => `${name} is unexpected`),
      ...[...this.#pairs].flatMap(([name, { average }]) => (name in state ? misfit(name, average, state[name]!) : [])),
    ]
    if (problems.length > 0) throw new OptimizerError(`The state does not fit this EMA; nothing was loaded.\n  ${problems.join('\n  ')}`)
    for (const [name, { average }] of this.#pairs) if (state[name] !== average) average.assign(state[name]!)
    realize()
  }

  #checkHome(method: string): void {
    if (this.#swapped)
      throw new OptimizerError(`EMA: ${method}() was called while the averages are in the place of the weights; swap() back first`)
  }
}

/** The value that a variable has now, whatever is assigned to it later. */
const current = (variable: Variable): Tensor => new Tensor(variable.node)

function misfit(name: string, average: Variable, value: Tensor): string[] {
  if (isTensor(value) && sameShape(value.shape, average.shape) && value.dtype === average.dtype) return []
  const got = isTensor(value) ? `${value.dtype} ${showShape(value.shape)}` : typeof value
  return [`${name} is ${average.dtype} ${showShape(average.shape)}, got ${got}`]
}
