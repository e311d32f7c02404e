import { init, Linear, Module, modulePath, Parameter } from '@tenon/nn'
import {
  chunk,
  concat,
  type DType,
  DTypeError,
  isFloat,
  logicalNot,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  zeros,
} from '@tenon/tensor'
import { attend } from './attend.ts'
import { checkDropout } from './dropout.ts'
import { causalMask } from './masked-softmax.ts'

/** Options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions {
  /** Share of the attention weights that is dropped while training. Default 0. */
  readonly dropout?: number
  /** Biases of the projections. Default true. */
  readonly bias?: boolean
  /** Appends a learned key and value to every sequence. Default false. */
  readonly addBiasKv?: boolean
  /** Appends a key and a value of zeros to every sequence. Default false. */
  readonly addZeroAttn?: boolean
  /** Features of the keys. Default embedDim. */
  readonly kdim?: number
  /** Features of the values. Default embedDim. */
  readonly vdim?: number
  /** [N, T, E] instead of [T, N, E]. Default false. */
  readonly batchFirst?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** In these masks, as in PyTorch's for this layer, **true means: takes no part**; a float mask is added to the scores. */
export interface MultiheadAttentionMasks {
  /** Keys that nobody sees, as padding: [N, S]. */
  readonly keyPaddingMask?: Tensor
  /** Who does not see whom: [T, S], or [N · heads, T, S]. */
  readonly attnMask?: Tensor
  /** Query t sees keys 0 … t alone, beside what the masks say. Default false. */
  readonly isCausal?: boolean
}

export interface MultiheadAttentionForward extends MultiheadAttentionMasks {
  /** Give the weights too. Default true. */
  readonly needWeights?: boolean
  /** Give their mean over the heads, not those of each head. Default true. */
  readonly averageAttnWeights?: boolean
}

/** What `MultiheadAttention` gives. */
export interface MultiheadAttentionResult {
  /** Shaped as the query. */
  readonly output: Tensor
  /** [N, T, S], or [N, heads, T, S] if they are not averaged; null if they are not needed. After dropout, as in PyTorch. */
  readonly weights: Tensor | null
}

/**
 * concat(head₁, …, headₕ) Wₒᵀ + bₒ, where headᵢ = softmax(qᵢ kᵢᵀ / √(E / h)) vᵢ and q, k, v are linear projections of query, key and value. A
 * query whose keys are all masked sees zeros, where PyTorch gives NaN.
 *
 * query [T, N, E], key [S, N, kdim], value [S, N, vdim] → output [T, N, E]; [N, T, E] and so on with `batchFirst`; all without N for one sequence.
 * Weights begin by `xavierUniform`, biases as 0. PyTorch: `torch.nn.MultiheadAttention`, which returns a tuple where this gives `{ output, weights }`.
 *
 * @throws RangeError if the heads do not divide embedDim; ShapeError and DTypeError if inputs or masks do not fit.
 */
export class MultiheadAttention extends Module {
  readonly qProjWeight: Parameter | null // [E, E], if kdim or vdim is not E
  readonly kProjWeight: Parameter | null // [E, kdim]
  readonly vProjWeight: Parameter | null // [E, vdim]
  readonly inProjWeight: Parameter | null // [3 E, E], otherwise
  readonly inProjBias: Parameter | null // [3 E]
  readonly biasK: Parameter | null // [1, 1, E]
  readonly biasV: Parameter | null // [1, 1, E]
  readonly outProj: Linear
  readonly embedDim: number
  readonly numHeads: number
  readonly kdim: number
  readonly vdim: number
  readonly dropout: number
  readonly batchFirst: boolean
  readonly addZeroAttn: boolean

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super()
    const { dropout = 0, bias = true, addBiasKv = false, addZeroAttn = false, kdim = embedDim, vdim = embedDim } = options
    const { batchFirst = false, dtype = 'float32' } = options
    checkDropout('MultiheadAttention', dropout)
    checkHeads('MultiheadAttention', embedDim, numHeads)
    const parameter = (...shape: number[]): Parameter => new Parameter(zeros(shape, { dtype }))
    const same = kdim === embedDim && vdim === embedDim
    this.qProjWeight = same ? null : parameter(embedDim, embedDim)
    this.kProjWeight = same ? null : parameter(embedDim, kdim)
    this.vProjWeight = same ? null : parameter(embedDim, vdim)
    this.inProjWeight = same ? parameter(3 * embedDim, embedDim) : null
    this.inProjBias = bias ? parameter(3 * embedDim) : null
    this.biasK = addBiasKv ? parameter(1, 1, embedDim) : null
    this.biasV = addBiasKv ? parameter(1, 1, embedDim) : null
    this.outProj = new Linear(embedDim, embedDim, { bias, dtype })
    this.embedDim = embedDim
    this.numHeads = numHeads
    this.kdim = kdim
    this.vdim = vdim
    this.dropout = dropout
    this.batchFirst = batchFirst
    this.addZeroAttn = addZeroAttn

    for (const weight of [this.qProjWeight, this.kProjWeight, this.vProjWeight, this.inProjWeight]) if (weight) init.xavierUniform(weight)
    for (const extra of [this.biasK, this.biasV]) if (extra) init.xavierNormal(extra)
    if (this.outProj.bias) init.zeros(this.outProj.bias)
  }

  forward(query: Tensor, key: Tensor, value: Tensor, options: MultiheadAttentionForward = {}): MultiheadAttentionResult {
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = options
    const batched = query.ndim === 3
    this.#checkInputs(query, key, value)
    const layout = this.batchFirst || !batched ? batchFirstLayout : sequenceFirstLayout

    const withBatch = (x: Tensor): Tensor => (batched ? x : x.unsqueeze(0))
    const [q, projectedK, projectedV] = this.#project(query, key, value).map((x) =>
      withBatch(x)
        .reshape([...withBatch(x).shape.slice(0, 2), this.numHeads, this.embedDim / this.numHeads])
        .permute(layout.toHeads),
    ) as [Tensor, Tensor, Tensor] // [N, H, T, D], [N, H, S, D], [N, H, S, D]
    const k = this.#withExtra(projectedK, this.biasK)
    const v = this.#withExtra(projectedV, this.biasV)

    const [batch, heads, queries, size] = q.shape as [number, number, number, number]
    const keys = projectedK.shape[2]!
    const extra = k.shape[2]! - keys
    const masks = this.#masks(options, [batch, queries, keys], batched)
    if (isCausal && extra > 0) masks.push(causalMask(queries, keys))
    const attended = attend(modulePath(this), q, k, v, {
      masks: masks.map((mask) => withColumns(mask, extra)),
      isCausal: isCausal && extra === 0,
      dropout: this.training ? this.dropout : 0,
      scale: 1 / Math.sqrt(size),
    })
    const merged = attended.output.permute(layout.fromHeads) // [N, H, T, D] → [T, N, H, D]
    const output = this.outProj.forward(merged.reshape([...merged.shape.slice(0, 2), heads * size]))
    const shown = averageAttnWeights ? attended.weights.mean(1) : attended.weights
    return {
      output: batched ? output : output.squeeze(0),
      weights: needWeights ? (batched ? shown : shown.squeeze(0)) : null,
    }
  }

  /** The three projections; of one matmul where query, key and value are the same. */
  #project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { embedDim: e, inProjWeight, inProjBias } = this
    if (inProjWeight && query === key && key === value) return chunk(affine(query, inProjWeight, inProjBias), 3, -1)
    const part = (x: Tensor, i: number): Tensor => x.slice(0, i * e, (i + 1) * e)
    const own = [this.qProjWeight, this.kProjWeight, this.vProjWeight]
    return [query, key, value].map((x, i) => affine(x, own[i] ?? part(inProjWeight!, i), inProjBias && part(inProjBias, i)))
  }

  /** [N, H, S, D] → [N, H, S + 0 … 2, D]: the learned and the zero entry that every sequence gets. */
  #withExtra(x: Tensor, learned: Parameter | null): Tensor {
    const [n, h, , d] = x.shape as [number, number, number, number]
    const parts = [x]
    if (learned) parts.push(learned.reshape([1, h, 1, d]).expand([n, h, 1, d]))
    if (this.addZeroAttn) parts.push(zeros([n, h, 1, d], { dtype: x.dtype }))
    return concat(parts, 2)
  }

  /** In the sense of `maskedSoftmax`, and over [N, H, T, S]. */
  #masks({ keyPaddingMask, attnMask }: MultiheadAttentionMasks, [n, t, s]: readonly [number, number, number], batched: boolean): Tensor[] {
    const masks: Tensor[] = []
    const take = (name: string, mask: Tensor, allowed: readonly (readonly number[])[], shape: readonly number[]): void => {
      if (!allowed.some((expected) => sameShape(expected, mask.shape))) {
        const expected = allowed.map(showShape).join(' or ')
        throw new ShapeError(`${modulePath(this)} expects ${name} ${expected}, got ${showShape(mask.shape)}`)
      }
      if (mask.dtype !== 'bool' && !isFloat(mask.dtype)) {
        throw new DTypeError(`${modulePath(this)} takes ${name} as bool or float, got ${mask.dtype}; compare it, as in mask.ne(0)`)
      }
      masks.push((mask.dtype === 'bool' ? logicalNot(mask) : mask).reshape(shape))
    }
    if (keyPaddingMask) take('keyPaddingMask', keyPaddingMask, [batched ? [n, s] : [s]], [n, 1, 1, s])
    if (attnMask) {
      const each = [n * this.numHeads, t, s]
      take('attnMask', attnMask, [[t, s], each], attnMask.ndim === 2 ? [1, 1, t, s] : [n, this.numHeads, t, s])
    }
    return masks
  }

  #checkInputs(query: Tensor, key: Tensor, value: Tensor): void {
    const { ndim } = query
    const names = ndim === 2 ? ['T', 'S'] : this.batchFirst ? ['N, T', 'N, S'] : ['T, N', 'S, N']
    const batchDim = this.batchFirst ? 0 : 1
    const fits =
      (ndim === 2 || ndim === 3) &&
      key.ndim === ndim &&
      sameShape(key.shape.slice(0, -1), value.shape.slice(0, -1)) &&
      (ndim === 2 || key.shape[batchDim] === query.shape[batchDim]) &&
      query.shape.at(-1) === this.embedDim &&
      key.shape.at(-1) === this.kdim &&
      value.shape.at(-1) === this.vdim
    if (fits) return
    const expected = `query [${names[0]}, ${this.embedDim}], key [${names[1]}, ${this.kdim}] and value [${names[1]}, ${this.vdim}]`
    const found = [query, key, value].map(({ shape }) => showShape(shape)).join(', ')
    throw new ShapeError(`${modulePath(this)} expects ${expected}, got ${found}`)
  }

  override extraRepr(): string {
    return `embedDim=${this.embedDim}, numHeads=${this.numHeads}, dropout=${this.dropout}, batchFirst=${this.batchFirst}`
  }
}

/** Between [N, T, H, D] or [T, N, H, D] and [N, H, T, D]. */
const batchFirstLayout = { toHeads: [0, 2, 1, 3], fromHeads: [0, 2, 1, 3] }
const sequenceFirstLayout = { toHeads: [1, 2, 0, 3], fromHeads: [2, 0, 1, 3] }

export function checkHeads(name: string, features: number, heads: number): void {
  if (!Number.isInteger(heads) || heads < 1 || features % heads !== 0) {
    throw new RangeError(`${name}: ${features} features cannot be split among ${heads} heads; the number of heads must divide them`)
  }
}

/** x Wᵀ + b.   [..., in] → [..., out] */
function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const y = x.matmul(weight.transpose(0, 1))
  return bias ? y.add(bias) : y
}

/** A mask with `count` more keys that take part. */
const withColumns = (mask: Tensor, count: number): Tensor =>
  mask.pad(
    mask.shape.map((_, d) => [0, d === mask.ndim - 1 ? count : 0] as const),
    mask.dtype === 'bool' ? 1 : 0,
  )
