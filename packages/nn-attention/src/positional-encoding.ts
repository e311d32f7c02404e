import { Dropout, init, Module, modulePath, Parameter } from '@tenon/nn'
import { cos, type DType, logicalAnd, ShapeError, showShape, sin, stack, type Tensor, where, zeros } from '@tenon/tensor'
import { knownPosition, type Offset, positions } from './position.ts'
import { waves } from './waves.ts'

/** Where in the sequence the input begins. */
export interface OffsetOptions {
  /** Position of the first element: of a token that is decoded with a cache, say. Default 0. */
  readonly offset?: Offset
}

/** Options of `sinusoidalEncoding`. */
export interface SinusoidalOptions extends OffsetOptions {
  /** Default float32. */
  readonly dtype?: DType
}

/** Options of `PositionalEncoding`. */
export interface PositionalEncodingOptions {
  /** Default 0.1. */
  readonly dropout?: number
  /** [N, T, E] instead of [T, N, E]. Default false. */
  readonly batchFirst?: boolean
}

/** Options of `LearnedPositionalEncoding`. */
export interface LearnedPositionalEncodingOptions {
  /** [N, T, E] instead of [T, N, E]. Default false. */
  readonly batchFirst?: boolean
  /** Of the weight. Default float32. */
  readonly dtype?: DType
}

/**
 * E[p, 2i] = sin(p · 10000^(−2i / dim)), E[p, 2i + 1] = cos of the same: waves of 2π to 10000 · 2π positions.   → [length, dim]
 * Vaswani et al. 2017, "Attention Is All You Need", 3.5.
 */
export function sinusoidalEncoding(length: number, dim: number, { offset = 0, dtype = 'float32' }: SinusoidalOptions = {}): Tensor {
  const angles = waves('sinusoidalEncoding', length, dim, 10_000, offset, dtype) // [L, ⌈dim / 2⌉]
  return stack([sin(angles), cos(angles)], 2)
    .flatten(1)
    .slice(1, 0, dim)
}

/**
 * dropout(x + sinusoidalEncoding). Nothing is stored, so there is no longest sequence.
 * [T, N, E], or [N, T, E] with `batchFirst`, or [T, E] → same. Vaswani et al. 2017; the module of this name in PyTorch's tutorials.
 */
export class PositionalEncoding extends Module {
  readonly dropout: Dropout
  readonly dModel: number
  readonly batchFirst: boolean

  constructor(dModel: number, { dropout = 0.1, batchFirst = false }: PositionalEncodingOptions = {}) {
    super()
    this.dropout = new Dropout(dropout)
    this.dModel = dModel
    this.batchFirst = batchFirst
  }

  forward(x: Tensor, { offset = 0 }: OffsetOptions = {}): Tensor {
    const length = lengthOf(this, x, this.dModel, this.batchFirst)
    return this.dropout.forward(addRows(x, sinusoidalEncoding(length, this.dModel, { offset, dtype: x.dtype }), this.batchFirst))
  }

  override extraRepr(): string {
    return `dModel=${this.dModel}, batchFirst=${this.batchFirst}`
  }
}

/**
 * x + weight[offset … offset + T − 1], a learned vector for each position; weights begin as N(0, 0.02²), as those of GPT-2.
 * [T, N, E], or [N, T, E] with `batchFirst`, or [T, E] → same.
 *
 * @throws RangeError for positions from `maxLen` on; where only a device knows the offset, their rows are NaN.
 */
export class LearnedPositionalEncoding extends Module {
  readonly weight: Parameter // [maxLen, dModel]
  readonly batchFirst: boolean

  constructor(maxLen: number, dModel: number, { batchFirst = false, dtype = 'float32' }: LearnedPositionalEncodingOptions = {}) {
    super()
    this.weight = new Parameter(zeros([maxLen, dModel], { dtype }))
    this.batchFirst = batchFirst
    init.normal(this.weight, 0, 0.02)
  }

  forward(x: Tensor, { offset = 0 }: OffsetOptions = {}): Tensor {
    const [maxLen, dModel] = this.weight.shape as [number, number]
    const length = lengthOf(this, x, dModel, this.batchFirst)
    return addRows(x, this.#rows(maxLen, length, offset), this.batchFirst)
  }

  #rows(maxLen: number, length: number, offset: Offset): Tensor {
    const at = positions(modulePath(this), length, offset) // [T]
    const first = typeof offset === 'number' ? offset : knownPosition(offset)
    if (length > maxLen || (first !== null && (first < 0 || first + length > maxLen))) {
      throw new RangeError(`${modulePath(this)} has ${maxLen} positions; ${length} from ${first ?? 'an offset'} on do not fit`)
    }
    if (first !== null) return this.weight.slice(0, first, first + length)
    const exists = logicalAnd(at.ge(0), at.lt(maxLen)).unsqueeze(1)
    return where(exists, this.weight.indexSelect(0, where(exists.squeeze(1), at, 0)), Number.NaN)
  }

  override extraRepr(): string {
    return `${this.weight.shape.join(', ')}, batchFirst=${this.batchFirst}`
  }
}

function lengthOf(module: Module, x: Tensor, features: number, batchFirst: boolean): number {
  if ((x.ndim === 2 || x.ndim === 3) && x.shape.at(-1) === features) return x.shape[batchFirst ? x.ndim - 2 : 0]!
  throw new ShapeError(`${modulePath(module)} expects [${batchFirst ? 'N, T' : 'T, N'}, ${features}], got ${showShape(x.shape)}`)
}

/** x plus a row for each position.   [T, N, E] or [N, T, E] or [T, E], and [T, E] → as x */
const addRows = (x: Tensor, rows: Tensor, batchFirst: boolean): Tensor => x.add(batchFirst || x.ndim === 2 ? rows : rows.unsqueeze(1))
