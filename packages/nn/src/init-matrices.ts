/** Initial values with a structure: identities, orthogonal matrices, sparse ones. Part of `init`. */
import {
  arange,
  type Generator,
  eye as identity,
  logicalAnd,
  logicalOr,
  rand,
  randn,
  ShapeError,
  showShape,
  tensor,
  type Variable,
  where,
} from '@tenon/tensor'

export interface OrthogonalOptions {
  /** Length of the rows or columns. Default 1; see `calculateGain`. */
  readonly gain?: number
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

export interface SparseOptions {
  /** Standard deviation of what is not zero. Default 0.01. */
  readonly std?: number
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

/**
 * Ones on the diagonal of a matrix, so that a Linear layer begins as the identity.
 *
 * @throws ShapeError if the weight is no matrix.
 */
export function eye(weight: Variable): void {
  const [rows, columns] = matrixShape('eye', weight)
  weight.assign(identity(rows, columns, { dtype: weight.dtype }))
}

/**
 * One 1 in the middle of each kernel from channel i to channel i, so that a convolution with padding 'same' begins as the identity; in each of
 * `groups` groups. PyTorch: `dirac_`.
 *
 * @throws ShapeError if the weight is not [out, in, ...kernel] with one to three axes, or the groups do not divide its output channels.
 */
export function dirac(weight: Variable, { groups = 1 }: { readonly groups?: number } = {}): void {
  const [out, input, ...kernel] = weight.shape
  if (out === undefined || input === undefined || kernel.length < 1 || kernel.length > 3) {
    throw new ShapeError(`dirac takes the weight of a convolution, [out, in, ...kernel], got ${showShape(weight.shape)}`)
  }
  if (!(Number.isInteger(groups) && groups > 0 && out % groups === 0)) {
    throw new ShapeError(`dirac: groups must divide the ${out} output channels, got ${groups}`)
  }
  const taps = kernel.reduce((product, size) => product * size, 1)
  const middle = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0)
  const values = new Float32Array(weight.size)
  for (let o = 0; o < out; o++) {
    const channel = o % (out / groups)
    if (channel < input) values[(o * input + channel) * taps + middle] = 1
  }
  weight.assign(tensor(values, weight.shape, { dtype: weight.dtype }))
}

/**
 * Rows of length `gain` at right angles to each other (columns, where there are more rows than columns), evenly distributed over all such
 * matrices; what comes after the first dimension counts as one. By Gram and Schmidt from N(0, 1), in float64 here. PyTorch: `orthogonal_`;
 * Saxe et al. 2013.
 *
 * @throws ShapeError for a vector, UnsupportedError on a backend that cannot be read at once.
 */
export function orthogonal(weight: Variable, { gain = 1, generator }: OrthogonalOptions = {}): void {
  const rows = weight.shape[0]
  if (rows === undefined || weight.ndim < 2) {
    throw new ShapeError(`orthogonal takes a weight of two dimensions or more, got ${showShape(weight.shape)}`)
  }
  if (weight.size === 0) return
  const columns = weight.size / rows
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)]
  const drawn = Float64Array.from(randn([count, length], generator ? { generator } : {}).dataSync())
  const vectors = Array.from({ length: count }, (_, i) => drawn.subarray(i * length, (i + 1) * length))
  vectors.forEach((vector, i) => straighten(vector, vectors.slice(0, i)))
  const values = new Float64Array(weight.size)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) values[r * columns + c] = gain * (rows <= columns ? vectors[r]![c]! : vectors[c]![r]!)
  weight.assign(tensor(values, weight.shape, { dtype: weight.dtype }))
}

/** Takes out of a vector what points along the unit vectors `others`, and makes it one. Twice, for what rounding left. */
function straighten(vector: Float64Array, others: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) {
    for (const other of others) {
      let dot = 0
      for (let i = 0; i < vector.length; i++) dot += vector[i]! * other[i]!
      for (let i = 0; i < vector.length; i++) vector[i]! -= dot * other[i]!
    }
  }
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
  for (let i = 0; i < vector.length; i++) vector[i]! /= norm
}

/**
 * N(0, std²), but ⌈sparsity · rows⌉ of each column are 0. PyTorch: `sparse_`; Martens 2010, "Deep learning via Hessian-free optimization".
 *
 * @throws ShapeError if the weight is no matrix, RangeError unless 0 ≤ sparsity ≤ 1.
 */
export function sparse(weight: Variable, sparsity: number, { std = 0.01, generator }: SparseOptions = {}): void {
  const [rows, columns] = matrixShape('sparse', weight)
  if (!(sparsity >= 0 && sparsity <= 1)) throw new RangeError(`sparse takes a share between 0 and 1, got ${sparsity}`)
  const options = generator ? { generator } : {}
  const lots = rand([rows, columns], options)
  const [mine, other] = [lots.unsqueeze(1), lots.unsqueeze(0)] // [rows, 1, columns], [1, rows, columns]
  const earlier = arange(rows).unsqueeze(0).lt(arange(rows).unsqueeze(1)).unsqueeze(2) // [rows, rows, 1]
  const rank = logicalOr(other.lt(mine), logicalAnd(other.eq(mine), earlier)).sum(1) // each column has the ranks 0 … rows − 1
  const values = randn([rows, columns], { ...options, dtype: weight.dtype }).mul(std)
  weight.assign(where(rank.lt(Math.ceil(sparsity * rows)), 0, values))
}

function matrixShape(who: string, weight: Variable): [rows: number, columns: number] {
  const [rows, columns] = weight.shape
  if (weight.ndim !== 2) throw new ShapeError(`${who} takes a matrix, got ${showShape(weight.shape)}`)
  return [rows!, columns!]
}
