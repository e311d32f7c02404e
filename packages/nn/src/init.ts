/** Initial values of parameters. Each function assigns, as torch.nn.init's with an underscore do: `init.kaimingUniform(conv.weight)`. */
import {
  clamp,
  erf,
  full,
  type Generator,
  log,
  rand,
  randn,
  ShapeError,
  showShape,
  sqrt,
  type Tensor,
  type Variable,
  where,
} from '@tenon/tensor'

export * from './init-matrices.ts'

export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

/** `fanIn` keeps the variance of the forward pass, `fanOut` that of the backward pass. */
export type FanMode = 'fanIn' | 'fanOut'

export interface RandomOptions {
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

export interface TruncNormalOptions extends RandomOptions {
  /** Bounds. Defaults −2 and 2. */
  readonly a?: number
  readonly b?: number
}

export interface XavierOptions extends RandomOptions {
  /** Default 1; see `calculateGain`. */
  readonly gain?: number
}

export interface KaimingOptions extends RandomOptions {
  /** Negative slope of the leaky ReLU that follows. Default 0. */
  readonly a?: number
  /** Default 'fanIn'. */
  readonly mode?: FanMode
  /** Default 'leakyRelu'. */
  readonly nonlinearity?: Nonlinearity
}

/**
 * The factor by which a nonlinearity shrinks the standard deviation of what passes through it: √2 for relu, √(2 / (1 + slope²)) for
 * leakyRelu (slope 0.01 unless given), 5/3 for tanh, 3/4 for selu, else 1. PyTorch: `calculate_gain`.
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid':
      return 1
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.SQRT2
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + slope ** 2))
    case 'selu':
      return 3 / 4
    default:
      throw new RangeError(`calculateGain: unknown nonlinearity '${String(nonlinearity satisfies never)}'`)
  }
}

/** Inputs and outputs of one unit of a weight [out, in, ...kernel]: in · |kernel| and out · |kernel|. */
export function fans(weight: Variable): Record<FanMode, number> {
  const [out, input, ...kernel] = weight.shape
  if (out === undefined || input === undefined) {
    throw new ShapeError(`fan in and fan out need a weight of two dimensions or more, got ${showShape(weight.shape)}`)
  }
  const taps = kernel.reduce((product, size) => product * size, 1)
  return { fanIn: input * taps, fanOut: out * taps }
}

/** U(low, high). */
export function uniform(variable: Variable, low = 0, high = 1, options: RandomOptions = {}): void {
  variable.assign(
    rand(variable.shape, { ...options, dtype: variable.dtype })
      .mul(high - low)
      .add(low),
  )
}

/** N(mean, std²). */
export function normal(variable: Variable, mean = 0, std = 1, options: RandomOptions = {}): void {
  variable.assign(
    randn(variable.shape, { ...options, dtype: variable.dtype })
      .mul(std)
      .add(mean),
  )
}

/**
 * N(mean, std²), but nothing outside [a, b]: Φ⁻¹ of a uniform number between Φ of the bounds. PyTorch: `trunc_normal_`.
 *
 * @throws RangeError unless a < b.
 */
export function truncNormal(variable: Variable, mean = 0, std = 1, { a = -2, b = 2, ...options }: TruncNormalOptions = {}): void {
  if (!(a < b)) throw new RangeError(`truncNormal takes bounds a < b, got ${a} and ${b}`)
  const { shape, dtype } = variable
  const bound = (x: number): Tensor => erf(full([], (x - mean) / (std * Math.SQRT2), { dtype }))
  const [low, high] = [bound(a), bound(b)]
  const u = rand(shape, { ...options, dtype })
    .mul(high.sub(low))
    .add(low)
  variable.assign(
    clamp(
      inverseErf(u)
        .mul(std * Math.SQRT2)
        .add(mean),
      a,
      b,
    ),
  )
}

/** erf⁻¹ on (−1, 1), to about seven digits. Giles 2010, "Approximating the erfinv function". */
function inverseErf(x: Tensor): Tensor {
  const inside = clamp(x, -1 + 2 ** -24, 1 - 2 ** -24)
  const w = log(inside.mul(inside).neg().add(1)).neg()
  const polynomial = (at: Tensor, coefficients: readonly number[]): Tensor =>
    coefficients.slice(1).reduce((sum, c) => sum.mul(at).add(c), full([], coefficients[0]!, { dtype: x.dtype }))
  const central = polynomial(
    w.sub(2.5),
    [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3, 0.246640727, 1.50140941],
  )
  const tail = polynomial(
    sqrt(w).sub(3),
    [-2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406, 2.83297682],
  )
  return where(w.lt(5), central, tail).mul(inside)
}

export function constant(variable: Variable, value: number): void {
  variable.assign(value)
}

export function zeros(variable: Variable): void {
  variable.assign(0)
}

export function ones(variable: Variable): void {
  variable.assign(1)
}

/** U(−b, b), b = gain · √(6 / (fanIn + fanOut)). Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward networks". */
export function xavierUniform(weight: Variable, options: XavierOptions = {}): void {
  const bound = Math.sqrt(3) * xavierStd(weight, options)
  uniform(weight, -bound, bound, random(options))
}

/** N(0, std²), std = gain · √(2 / (fanIn + fanOut)). */
export function xavierNormal(weight: Variable, options: XavierOptions = {}): void {
  normal(weight, 0, xavierStd(weight, options), random(options))
}

/** U(−b, b), b = gain · √(3 / fan). He et al. 2015, "Delving deep into rectifiers". */
export function kaimingUniform(weight: Variable, options: KaimingOptions = {}): void {
  const bound = Math.sqrt(3) * kaimingStd(weight, options)
  uniform(weight, -bound, bound, random(options))
}

/** N(0, std²), std = gain / √fan. */
export function kaimingNormal(weight: Variable, options: KaimingOptions = {}): void {
  normal(weight, 0, kaimingStd(weight, options), random(options))
}

function xavierStd(weight: Variable, { gain = 1 }: XavierOptions): number {
  const { fanIn, fanOut } = fans(weight)
  return gain * Math.sqrt(2 / (fanIn + fanOut))
}

function kaimingStd(weight: Variable, { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' }: KaimingOptions): number {
  return calculateGain(nonlinearity, a) / Math.sqrt(fans(weight)[mode])
}

const random = ({ generator }: RandomOptions): RandomOptions => (generator ? { generator } : {})
