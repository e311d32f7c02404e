import { arange, type DType, DTypeError, ShapeError, showShape, type Tensor, where, zeros } from '@tenon/tensor'
import { normal } from './init.ts'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

/** Options of `Embedding`. */
export interface EmbeddingOptions {
  /** The row for padding: it begins as zeros and gets no gradient. Negative ones count from the end. Default null: there is none. */
  readonly paddingIdx?: number | null
  /** Of the weight. Default float32. */
  readonly dtype?: DType
}

/** Options of `Embedding.fromPretrained`. */
export interface PretrainedOptions {
  /** Keep the rows as they are. Default true. */
  readonly freeze?: boolean
  /** The row that gets no gradient; its values stay. Default null: there is none. */
  readonly paddingIdx?: number | null
}

/**
 * y[..., :] = weight[x[...], :]: a vector for each of `numEmbeddings` words. The weight begins as N(0, 1). PyTorch: `torch.nn.Embedding`.
 *
 * An index outside 0 … numEmbeddings − 1 is an error if the values of the input are at hand; on a device it is not seen.
 *
 * @throws DTypeError if the input is not int32, RangeError for an index or a paddingIdx outside the rows.
 */
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly weight: Parameter // [numEmbeddings, embeddingDim]

  constructor(numEmbeddings: number, embeddingDim: number, { paddingIdx = null, dtype = 'float32' }: EmbeddingOptions = {}) {
    super()
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = paddingIdx === null ? null : rowOf(paddingIdx, numEmbeddings)
    this.weight = new Parameter(zeros([numEmbeddings, embeddingDim], { dtype }))
    normal(this.weight)
    if (this.paddingIdx !== null) {
      const padding = arange(numEmbeddings).eq(this.paddingIdx).unsqueeze(1) // [numEmbeddings, 1]
      this.weight.assign(where(padding, 0, this.weight))
    }
  }

  /** Rows that were learned elsewhere, [numEmbeddings, embeddingDim]; frozen unless told otherwise. PyTorch: `Embedding.from_pretrained`. */
  static fromPretrained(weight: Tensor, { freeze = true, paddingIdx = null }: PretrainedOptions = {}): Embedding {
    const [rows, size] = weight.shape
    if (rows === undefined || size === undefined || weight.ndim !== 2) {
      throw new ShapeError(`Embedding.fromPretrained takes a weight [numEmbeddings, embeddingDim], got ${showShape(weight.shape)}`)
    }
    const embedding = new Embedding(rows, size, { paddingIdx, dtype: weight.dtype })
    embedding.weight.assign(weight)
    embedding.weight.requiresGrad = !freeze
    return embedding
  }

  /** int32 [...] → [..., embeddingDim] */
  forward(x: Tensor): Tensor {
    const { numEmbeddings, embeddingDim, paddingIdx, weight } = this
    if (x.dtype !== 'int32') {
      throw new DTypeError(`${modulePath(this)} (Embedding) takes indices as int32, got ${x.dtype}; cast with x.cast('int32')`)
    }
    const bad = x.node.storage?.host?.find((index) => index < 0 || index >= numEmbeddings)
    if (bad !== undefined) {
      throw new RangeError(`${modulePath(this)} (Embedding): index ${bad} is not among the ${numEmbeddings} rows 0 … ${numEmbeddings - 1}`)
    }
    const rows = weight.indexSelect(0, x.reshape([x.size])).reshape([...x.shape, embeddingDim])
    if (paddingIdx === null) return rows
    // The row for padding comes from a copy that no gradient flows through.
    return where(x.eq(paddingIdx).unsqueeze(-1), weight.select(0, paddingIdx).detach(), rows)
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx=${this.paddingIdx}`
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`
  }
}

function rowOf(paddingIdx: number, rows: number): number {
  const row = paddingIdx < 0 ? paddingIdx + rows : paddingIdx
  if (Number.isInteger(row) && row >= 0 && row < rows) return row
  throw new RangeError(`Embedding: paddingIdx ${paddingIdx} is not among the ${rows} rows`)
}
