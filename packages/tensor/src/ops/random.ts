/** Draws of a generator. */
import { ShapeError } from '@tenon/kernel'
import { defaultGenerator, type Generator } from '../generator.ts'
import { checkShape, type Shape } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'
import { type CreateOptions, full } from './create.ts'
import { argsort } from './sort.ts'

/** Options of the functions that draw numbers. */
export interface RandomOptions extends CreateOptions {
  readonly generator?: Generator
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, { dtype = 'float32', generator = defaultGenerator() }: RandomOptions = {}): Tensor {
  checkShape('rand', shape)
  // 24 random bits: what a float32 mantissa holds
  return primitive('shr', [generator.bits(shape), full(shape, 8, { dtype: 'uint32' })], {})
    .cast(dtype)
    .mul(2 ** -24)
}

/** Standard normal, by Box and Muller. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  const radius = primitive('sqrt', [primitive('log', [rand(shape, options).neg().add(1)], {}).mul(-2)], {})
  return radius.mul(primitive('cos', [rand(shape, options).mul(2 * Math.PI)], {}))
}

/** Whole numbers, uniform in [low, high). */
export function randint(
  low: number,
  high: number,
  shape: Shape,
  { dtype = 'int32', generator = defaultGenerator() }: RandomOptions = {},
): Tensor {
  if (!Number.isInteger(low) || !Number.isInteger(high) || high <= low)
    throw new ShapeError(`randint: needs whole numbers low < high, got ${low} and ${high}`)
  checkShape('randint', shape)
  return generator
    .bits(shape)
    .remainder(high - low)
    .cast('int32')
    .add(low)
    .cast(dtype)
}

/**
 * The numbers 0 … n − 1 in random order, int32: the order of n draws of 32 bits. Source: torch.randperm.   → [n]
 *
 * @throws ShapeError unless n is a whole number ≥ 0
 */
export function permutation(n: number, { generator = defaultGenerator() }: { readonly generator?: Generator } = {}): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new ShapeError(`permutation: n must be a whole number ≥ 0, got ${n}`)
  return argsort(generator.bits([n]))
}

/** 1 with probability `p`, else 0. */
export function bernoulli(p: number, shape: Shape, { dtype = 'float32', generator = defaultGenerator() }: RandomOptions = {}): Tensor {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`bernoulli: a probability lies in [0, 1], got ${p}`)
  return rand(shape, { generator }).lt(p).cast(dtype)
}

/** Normal with this mean and standard deviation; source: torch.normal. */
export function normal(mean: number, std: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(std >= 0)) throw new RangeError(`normal: a standard deviation is a number ≥ 0, got ${std}`)
  return randn(shape, options).mul(std).add(mean)
}

/** Uniform in [low, high); source: torch.Tensor.uniform_. */
export function uniform(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(low <= high)) throw new RangeError(`uniform: needs numbers low ≤ high, got ${low} and ${high}`)
  return rand(shape, options)
    .mul(high - low)
    .add(low)
}

/** As `rand`, in the shape and dtype of x; source: torch.rand_like. */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor => rand(x.shape, { dtype: x.dtype, ...options })

/** As `randn`, in the shape and dtype of x: the noise of a diffusion or a variational model; source: torch.randn_like. */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor => randn(x.shape, { dtype: x.dtype, ...options })
