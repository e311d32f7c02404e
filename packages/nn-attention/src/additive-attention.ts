import { Linear, Module, modulePath } from '@tenon/nn'
import { type DType, DTypeError, ShapeError, sameShape, showShape, type Tensor, tanh } from '@tenon/tensor'
import { maskedSoftmax } from './masked-softmax.ts'

/** Options of `AdditiveAttention`. */
export interface AdditiveAttentionOptions {
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Options of a call of `AdditiveAttention`. */
export interface AdditiveAttentionForward {
  /** What is averaged: [N, S, valueDim]. Default: the keys. */
  readonly values?: Tensor
  /** Which keys take part: [N, S], bool. Default: all. */
  readonly mask?: Tensor
  /** `projectKeys(keys)`, for a decoder that asks about the same keys at every step. */
  readonly projectedKeys?: Tensor
}

/**
 * A decoder's question to the states of an encoder: scoreₛ = vᵀ tanh(W query + U keyₛ), weights = softmax(score), context = Σ weightsₛ valueₛ.
 * A query whose keys are all masked gets weights and a context of 0. Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning
 * to Align and Translate"; not in torch.nn.
 *
 * @throws ShapeError if shapes do not fit, DTypeError for a mask that is not bool.
 */
export class AdditiveAttention extends Module {
  readonly queryProj: Linear // W, queryDim → attnDim
  readonly keyProj: Linear // U, keyDim → attnDim
  readonly scoreProj: Linear // vᵀ, attnDim → 1
  readonly queryDim: number
  readonly keyDim: number

  constructor(queryDim: number, keyDim: number, attnDim: number, { dtype = 'float32' }: AdditiveAttentionOptions = {}) {
    super()
    this.queryProj = new Linear(queryDim, attnDim, { bias: false, dtype })
    this.keyProj = new Linear(keyDim, attnDim, { bias: false, dtype })
    this.scoreProj = new Linear(attnDim, 1, { bias: false, dtype })
    this.queryDim = queryDim
    this.keyDim = keyDim
  }

  /** U keys.   [N, S, keyDim] → [N, S, attnDim] */
  projectKeys(keys: Tensor): Tensor {
    return this.keyProj.forward(keys)
  }

  /** query [N, queryDim], keys [N, S, keyDim] → context [N, valueDim], weights [N, S]; a query [N, T, queryDim] gives [N, T, valueDim], [N, T, S] */
  forward(query: Tensor, keys: Tensor, options: AdditiveAttentionForward = {}): { context: Tensor; weights: Tensor } {
    const { values = keys, mask } = options
    this.#check(query, keys, values, mask)
    const one = query.ndim === 2
    const projected = options.projectedKeys ?? this.projectKeys(keys) // [N, S, A]
    const asked = this.queryProj.forward(one ? query.unsqueeze(1) : query) // [N, T, A]
    const scores = this.scoreProj.forward(tanh(asked.unsqueeze(2).add(projected.unsqueeze(1)))).squeeze(-1) // [N, T, S, A] → [N, T, S]
    const weights = maskedSoftmax(modulePath(this), scores, mask ? [mask.unsqueeze(1)] : [])
    const context = weights.matmul(values) // [N, T, valueDim]
    return one ? { context: context.squeeze(1), weights: weights.squeeze(1) } : { context, weights }
  }

  #check(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | undefined): void {
    const [n, s] = keys.shape
    const fits =
      keys.ndim === 3 &&
      (query.ndim === 2 || query.ndim === 3) &&
      query.shape[0] === n &&
      query.shape.at(-1) === this.queryDim &&
      keys.shape.at(-1) === this.keyDim
    if (!fits) {
      const expected = `a query [N, ${this.queryDim}] or [N, T, ${this.queryDim}] and keys [N, S, ${this.keyDim}]`
      throw new ShapeError(`${modulePath(this)} expects ${expected}, got ${showShape(query.shape)} and ${showShape(keys.shape)}`)
    }
    if (values.ndim !== 3 || !sameShape(values.shape.slice(0, 2), [n!, s!])) {
      throw new ShapeError(`${modulePath(this)} expects values [${n}, ${s}, valueDim], one for each key, got ${showShape(values.shape)}`)
    }
    if (mask && mask.dtype !== 'bool') throw new DTypeError(`${modulePath(this)} takes a mask that is bool, got ${mask.dtype}`)
    if (mask && !sameShape(mask.shape, [n!, s!])) {
      throw new ShapeError(`${modulePath(this)} expects a mask [${n}, ${s}], one for each key, got ${showShape(mask.shape)}`)
    }
  }

  override extraRepr(): string {
    return `${this.queryDim}, ${this.keyDim}`
  }
}
