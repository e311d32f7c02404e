import { DTypeError, isFloat, ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { attend } from './attend.ts'
import { checkDropout } from './dropout.ts'

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /**
   * Broadcasts to [..., T, S]. A bool mask says with true which keys take part, a float mask is added to the scores, where −∞ takes a key
   * out.
   */
  readonly mask?: Tensor
  /** Query t sees keys 0 … t alone, beside what the mask says. Default false. */
  readonly isCausal?: boolean
  /** Share of the weights that is dropped; there is no `eval()` here, so pass 0 then. Default 0. */
  readonly dropout?: number
  /** What q · k is multiplied by. Default 1 / √d. */
  readonly scale?: number
}

/**
 * softmax(scale · q kᵀ + mask) v: for each query the mean of the values, weighted by how well their keys fit.
 * q [..., T, d], k [..., S, d], v [..., S, e] → [..., T, e]; leading dimensions broadcast. A query whose keys are all masked gets zeros,
 * and passes on gradients of zero. PyTorch: `torch.nn.functional.scaled_dot_product_attention`, which gives NaN there, and
 * takes no mask beside `is_causal`; Vaswani et al. 2017, "Attention Is All You Need".
 *
 * Of more than 2²⁴ weights only a part is in memory at a time, which takes a fifth longer to train; with dropout or a float mask all are.
 *
 * @throws ShapeError if shapes do not fit, DTypeError for values that are not float or a mask of integers, RangeError for a dropout outside 0 … 1.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const name = 'scaledDotProductAttention'
  const { mask, isCausal = false, dropout = 0, scale = 1 / Math.sqrt(q.shape.at(-1) ?? 1) } = options
  checkDropout(name, dropout)
  const wrong = [q, k, v].find(({ dtype }) => !isFloat(dtype))
  if (wrong) throw new DTypeError(`${name} takes float tensors, got ${wrong.dtype}; cast with x.cast('float32')`)
  if (q.ndim < 2 || k.ndim < 2 || v.ndim < 2 || q.shape.at(-1) !== k.shape.at(-1) || k.shape.at(-2) !== v.shape.at(-2)) {
    const shapes = [q, k, v].map(({ shape }) => showShape(shape)).join(', ')
    throw new ShapeError(`${name} takes q [..., T, d], k [..., S, d] and v [..., S, e], got ${shapes}`)
  }
  return attend(name, q, k, v, { masks: mask ? [mask] : [], isCausal, dropout, scale }).output
}
