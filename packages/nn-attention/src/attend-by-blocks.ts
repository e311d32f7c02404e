import { arange, customRule, primitive, scan, type Tensor, zerosLike } from '@tenon/tensor'
import { maskedSoftmax } from './masked-softmax.ts'

/** What differs from one attention to the next. */
export interface BlockOptions {
  /** Bools. */
  readonly masks: readonly Tensor[]
  readonly isCausal: boolean
  readonly scale: number
  /** So many, one after the other, or as many as there are queries. */
  readonly blocks: number
}

/** What one block of queries knows of itself. */
interface Block {
  readonly q: Tensor
  /** The place of each query, [size, 1]. */
  readonly place: Tensor
  /** Its part of the masks that differ from query to query. */
  readonly masks: readonly Tensor[]
}

/**
 * softmax(scale · q kᵀ) v by blocks of queries, one after the other: of the [..., T, S] weights only those of one block are ever there. Each row is
 * computed as it is with all of them at once. The gradient computes the weights P of a block again, and adds up what each gives to keys and values:
 *
 *     dV = Σ Pᵀ dO     dS = P ∘ (dO Vᵀ − rowsum(dO ∘ O))     dQ = scale · dS K     dK = Σ scale · dSᵀ Q
 *
 * q [..., T, d], k [..., S, d], v [..., S, e] → [..., T, e]. Rabe and Staats 2021, "Self-attention Does Not Need O(n²) Memory"; the gradient is
 * that of Dao et al. 2022, "FlashAttention".
 */
export function attendByBlocks(name: string, q: Tensor, k: Tensor, v: Tensor, options: BlockOptions): Tensor {
  const { masks, isCausal, scale } = options
  const queries = q.shape.at(-2)!
  const size = Math.ceil(queries / options.blocks)
  const blocks = Math.ceil(queries / size)

  const split = (x: Tensor): Tensor => {
    const lead = x.ndim - 2
    const whole = x.pad([...new Array(lead).fill([0, 0]), [0, blocks * size - queries], [0, 0]])
    return whole.reshape([...x.shape.slice(0, lead), blocks, size, x.shape.at(-1)!]).permute([lead, ...range(lead), lead + 1, lead + 2])
  } // [..., T, d] → [blocks, ..., size, d]
  const joined = (x: Tensor): Tensor => {
    const lead = x.ndim - 3
    const inOrder = x.permute([...range(lead).map((d) => d + 1), 0, lead + 1, lead + 2])
    return inOrder.reshape([...inOrder.shape.slice(0, lead), blocks * size, x.shape.at(-1)!]).slice(-2, 0, queries)
  } // and back

  const isSplit = (mask: Tensor): boolean => mask.ndim > 1 && mask.shape.at(-2)! > 1
  const place = arange(blocks * size).reshape([blocks, size, 1])
  const blocksOf = (q: Tensor): Block => ({ q: split(q), place, masks: masks.filter(isSplit).map(split) })
  const weights = (k: Tensor, block: Block): Tensor => {
    const causal = isCausal ? [arange(k.shape.at(-2)!).le(block.place)] : []
    const scores = block.q.matmul(k.transpose(-2, -1)).mul(scale) // [..., size, S]
    return maskedSoftmax(name, scores, [...masks.filter((mask) => !isSplit(mask)), ...block.masks, ...causal])
  }

  const rule = customRule<[Tensor, Tensor, Tensor]>(name, ({ dy, y, inputs: [q, k, v] }) => {
    const { carry, ys } = scan(
      ({ dk, dv }, { block, dy, dySum }) => {
        const p = weights(k, block)
        const ds = p.mul(dy.matmul(v.transpose(-2, -1)).sub(dySum)).mul(scale)
        const next = { dk: dk.add(ds.transpose(-2, -1).matmul(block.q)), dv: dv.add(p.transpose(-2, -1).matmul(dy)) }
        return { carry: next, y: ds.matmul(k) }
      },
      { dk: zerosLike(k), dv: zerosLike(v) },
      { block: blocksOf(q), dy: split(dy), dySum: split(dy.mul(y).sum(-1, { keepdim: true })) },
      { recompute: true },
    )
    return [joined(ys), carry.dk, carry.dv]
  })
  const { ys } = scan((_: readonly Tensor[], block: Block) => ({ carry: [], y: weights(k, block).matmul(v) }), [], blocksOf(q), {
    recompute: true,
  })
  return primitive('custom', [joined(ys), q, k, v], { rule })
}

const range = (n: number): number[] => [...new Array(n).keys()]
