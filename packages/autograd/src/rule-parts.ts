/** The parts of the gradient table that need more than a row. */
import type { AttrsOf, Shape } from '@tenon/tensor'
import { concat, ones, primitive, type Tensor, where, zerosLike } from '@tenon/tensor'

type Padding = AttrsOf['pad']['padding']

export const negate = (padding: Padding): Padding => padding.map(([low, high]) => [-low, -high] as const)

/** Pads (or, where negative, crops) one dimension. */
function padDim(x: Tensor, dim: number, low: number, high: number): Tensor {
  if (low === 0 && high === 0) return x
  return primitive('pad', [x], {
    padding: x.shape.map((_, d) => (d === dim ? ([low, high] as const) : ([0, 0] as const))),
  })
}

/** `step − 1` zeros after each element of `dim`: [..., n, ...] → [..., n·step, ...]. */
function dilate(x: Tensor, dim: number, step: number): Tensor {
  if (step === 1) return x
  const split = x.reshape([...x.shape.slice(0, dim + 1), 1, ...x.shape.slice(dim + 1)])
  return padDim(split, dim + 1, 0, step - 1).reshape(x.shape.map((n, d) => (d === dim ? n * step : n)))
}

/** Puts what a slice took back to its place among zeros of `shape`. */
export function undoSlice(dy: Tensor, shape: Shape, start: readonly number[], step: readonly number[]): Tensor {
  const dilated = step.reduce((x, s, dim) => dilate(x, dim, s), dy)
  // after the last element the dilated one may reach past the end, by zeros: the padding is negative then
  return primitive('pad', [dilated], {
    padding: shape.map((size, d) => [start[d]!, size - start[d]! - dilated.shape[d]!] as const),
  })
}

/**
 * The sum over all windows of what each window got, at its place. Windows are cut in pieces of `step`: pieces number c
 * of all windows do not overlap and lie side by side, so ⌈size / step⌉ reshapes and adds do it, and a single one where
 * windows do not overlap.
 *
 * dy [..., n, ..., size] → [..., L, ...]
 */
export function undoUnfold(dy: Tensor, shape: Shape, { dim, size, step, dilation }: AttrsOf['unfold']): Tensor {
  const windows = dy.shape[dim]!
  const pieces = Math.ceil(((size - 1) * dilation + 1) / step)
  const last = shape.length
  const dilated = dilate(dy, last, dilation)
  const padded = padDim(dilated, last, 0, pieces * step - dilated.shape[last]!)
  const front = shape.slice(0, dim).map((_, d) => d)
  const back = shape.slice(dim + 1).map((_, d) => dim + 1 + d)
  const adjacent = padded.permute([...front, dim, last, ...back]) // [..., n, pieces·step, ...]
  let sum: Tensor | null = null
  for (let c = 0; c < pieces; c++) {
    const piece = pieces === 1 ? adjacent : adjacent.slice(dim + 1, c * step, (c + 1) * step)
    const line = piece.reshape(shape.map((n, d) => (d === dim ? windows * step : n)))
    const placed = padDim(line, dim, c * step, shape[dim]! - (c + windows) * step)
    sum = sum ? sum.add(placed) : placed
  }
  return sum!
}

/** `dy` at the element of each group that `position` names (row-major within `dims`, as argmax counts), 0 elsewhere. */
export function atFirst(dy: Tensor, shape: Shape, position: Tensor, dims: readonly number[]): Tensor {
  const groups = shape.map((size, d) => (dims.includes(d) ? size : 1))
  const positions = primitive('arange', [], { length: groups.reduce((n, d) => n * d, 1) }).reshape(groups)
  return where(positions.eq(position), dy, 0)
}

/**
 * dy times the product of all other factors. No division by the factor itself, so that zeros among them are right, and
 * the second derivative too: a tree of pairwise products on the way up, and on the way down each factor gets what its
 * parent got times its sibling.
 *
 * x [...], dy with size 1 in `dims` → the shape of x
 */
export function otherFactors(dy: Tensor, x: Tensor, dims: readonly number[]): Tensor {
  if (x.size === 0) return zerosLike(x)
  const kept = [...x.shape.keys()].filter((d) => !dims.includes(d))
  const order = [...kept, ...dims]
  const outer = kept.map((d) => x.shape[d]!)
  const count = dims.reduce((n, d) => n * x.shape[d]!, 1)

  const pairs: Tensor[] = [] // [...outer, m / 2, 2], from the factors themselves to the last two products
  let level = x.permute(order).reshape([...outer, count])
  for (let m = count; m > 1; m = Math.ceil(m / 2)) {
    if (m % 2) level = concat([level, ones([...outer, 1], { dtype: x.dtype })], outer.length)
    const pair = level.reshape([...outer, Math.ceil(m / 2), 2])
    pairs.push(pair)
    level = pair.select(-1, 0).mul(pair.select(-1, 1))
  }

  let gradient = dy.permute(order).reshape([...outer, 1])
  for (const pair of pairs.reverse()) {
    const parent = gradient.slice(-1, 0, pair.shape.at(-2)).unsqueeze(-1)
    gradient = parent.mul(pair.flip([-1])).flatten(-2)
  }
  const moved = gradient.slice(-1, 0, count).reshape(order.map((d) => x.shape[d]!))
  return moved.permute(order.map((_, d) => order.indexOf(d)))
}

/**
 * Σ over j ≥ i of dyⱼ times the product of all factors up to j but the i-th. Without division too: the factors before i, times what follows,
 * sᵢ = dyᵢ + xᵢ₊₁·sᵢ₊₁, by doubling the number of terms in every sᵢ.   dy, x [..., n, ...] → same
 */
export function otherFactorsBefore(dy: Tensor, x: Tensor, dim: number): Tensor {
  const first = ones(
    x.shape.map((n, d) => (d === dim ? Math.min(n, 1) : n)),
    { dtype: x.dtype },
  )
  const before = primitive('cumprod', [concat([first, x.slice(dim, 0, -1)], dim)], { dim })
  const after = (t: Tensor, by: number): Tensor => padDim(t, dim, -by, by)
  let factor = after(x, 1)
  let sum = dy
  for (let terms = 1; terms < x.shape[dim]!; terms *= 2) {
    sum = sum.add(factor.mul(after(sum, terms)))
    factor = factor.mul(after(factor, terms))
  }
  return before.mul(sum)
}
