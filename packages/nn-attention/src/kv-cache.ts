import {
  arange,
  type DType,
  logicalAnd,
  logicalNot,
  logicalOr,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  Variable,
  where,
  zeros,
} from '@tenon/tensor'
import { checkPosition, knownPosition } from './position.ts'

/** Options of `KVCache`. */
export interface KVCacheOptions {
  /** Default float32. */
  readonly dtype?: DType
}

/** Everything that a query of the newest tokens may be held against. */
export interface CachedKeys {
  readonly keys: Tensor // [N, H, capacity, D]
  readonly values: Tensor // [N, H, capacity, D]
  /** Which positions each of the new tokens may see, itself and those before it: [T, capacity], bool, for `scaledDotProductAttention`. */
  readonly mask: Tensor
}

/**
 * The keys and values of the tokens so far, for decoding one token after the other. Its capacity is fixed and the position is a tensor, so
 * that one program, captured by `jit`, serves every position; it is written in place.
 *
 * ```ts
 * const { keys, values, mask } = cache.append(k, v, position)
 * const y = scaledDotProductAttention(q, keys, values, { mask })
 * ```
 *
 * It is no module: what a conversation said so far is no part of a model's state.
 */
export class KVCache {
  readonly keys: Variable // [N, H, capacity, D]
  readonly values: Variable // [N, H, capacity, D]
  readonly capacity: number

  constructor(batch: number, heads: number, capacity: number, headDim: number, { dtype = 'float32' }: KVCacheOptions = {}) {
    this.keys = new Variable(zeros([batch, heads, capacity, headDim], { dtype }), { name: 'keys' })
    this.values = new Variable(zeros([batch, heads, capacity, headDim], { dtype }), { name: 'values' })
    this.capacity = capacity
  }

  /**
   * Writes the keys and values of T tokens, [N, H, T, D] each, to `position`, `position` + 1, … where `position` is int32 [].
   *
   * @throws RangeError if they do not fit. Where only a device knows the position, as under jit, all that is cached becomes NaN instead, and
   * what is computed from it, until `reset()`.
   */
  append(k: Tensor, v: Tensor, position: Tensor): CachedKeys {
    const [batch, heads, , size] = this.keys.shape as [number, number, number, number]
    const count = k.shape[2] ?? 0
    if (count < 1 || !sameShape(k.shape, [batch, heads, count, size]) || !sameShape(v.shape, k.shape)) {
      const expected = `[${batch}, ${heads}, T, ${size}]`
      throw new ShapeError(`KVCache takes keys and values ${expected}, got ${showShape(k.shape)} and ${showShape(v.shape)}`)
    }
    checkPosition('KVCache', position)
    this.#checkFits(count, position)

    const index = arange(this.capacity) // [C]
    const fits = logicalAnd(position.ge(0), position.le(this.capacity - count))
    const own = logicalAnd(index.ge(position), index.lt(position.add(count)))
    const written = logicalOr(own, logicalNot(fits)).unsqueeze(1) // [C, 1]
    // With one token every place is offered the same; with several each is offered the one that belongs there.
    const source = where(own, index.sub(position), 0)
    const write = (cache: Variable, x: Tensor): void => {
      const offered = count === 1 ? x : x.indexSelect(2, source) // [N, H, 1 or C, D]
      cache.assign(where(written, where(fits, offered, Number.NaN), cache))
    }
    write(this.keys, k)
    write(this.values, v)
    const mask = index.le(position.add(arange(count)).unsqueeze(1)) // [T, C]
    return { keys: this.keys, values: this.values, mask }
  }

  /** Empties it, for the next sequence. */
  reset(): void {
    this.keys.assign(0)
    this.values.assign(0)
  }

  #checkFits(count: number, position: Tensor): void {
    const first = knownPosition(position)
    if (count <= this.capacity && (first === null || (first >= 0 && first + count <= this.capacity))) return
    const tokens = count === 1 ? 'one token' : `${count} tokens`
    throw new RangeError(
      `KVCache has ${this.capacity} positions: ${tokens} ${first === null ? '' : `at position ${first} `}do not fit; give it a larger capacity, or begin anew at 0`,
    )
  }
}
