/** Derivatives by automatic differentiation against derivatives by differences. */
import { grad } from '@tenon/autograd'
import { isFloat } from '@tenon/kernel'
import { type Tensor, tensor } from '@tenon/tensor'

/** Options of `gradientCheck`. */
export interface GradientCheckOptions {
  /** Relative to max(1, |derivative|). Default 1e-6. */
  readonly rtol?: number
  /** Inputs at which there is no derivative: elements this near to one of them are not moved. */
  readonly kinks?: readonly number[]
  /** Distance of the differences. Default 1e-5. */
  readonly step?: number
}

type Fn = (...inputs: Tensor[]) => Tensor | readonly Tensor[]

/** Fixed numbers in ±[½, 1½], so that no direction is nearly orthogonal by accident, and no incoming gradient is ones. */
const numbers = (length: number, salt: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => {
    const u = Math.abs(Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1
    return (u < 0.5 ? -1 : 1) * (0.5 + ((u * 2) % 1))
  })

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, x, i) => (b[i] ? sum + x * b[i]! : sum), 0)

/**
 * Checks ⟨v, J u⟩ by central differences against ⟨Jᵀ v, u⟩ by `grad`, for a direction u of the float inputs and an incoming gradient v that are
 * neither ones. Inputs are float64, on a backend that has it (backend-cpu); integer inputs stay as they are.
 *
 * @throws Error that names both numbers, or what is wrong with a gradient's shape or dtype
 */
export async function gradientCheck(
  fn: Fn,
  inputs: readonly Tensor[],
  { rtol = 1e-6, kinks = [], step = 1e-5 }: GradientCheckOptions = {},
): Promise<void> {
  const call = (xs: readonly Tensor[]): readonly Tensor[] => [fn(...xs)].flat().filter((y) => isFloat(y.dtype))
  const wanted = inputs.filter((x) => isFloat(x.dtype))
  const values = await Promise.all(wanted.map((x) => x.data()))
  const directions = values.map((v, i) => numbers(v.length, i).map((u, k) => (stays(v[k]!, kinks, step) ? 0 : u)))

  const outputs = call(inputs)
  const results = await Promise.all(outputs.map((y) => y.data()))
  const incoming = results.map((y, i) => numbers(y.length, 100 + i).map((v, k) => (measurable(y[k]!) ? v : 0)))
  const gradOutputs = outputs.map((y, i) => tensor(incoming[i]!, y.shape).cast(y.dtype))
  const gradients = grad(outputs, wanted, { gradOutputs, allowUnused: true })
  let analytic = 0
  for (const [i, gradient] of gradients.entries()) {
    const x = wanted[i]!
    if (gradient.shape.join() !== x.shape.join() || gradient.dtype !== x.dtype) {
      throw new Error(
        `the gradient by input ${i} is ${gradient.dtype} [${gradient.shape.join(', ')}], and the input ${x.dtype} [${x.shape.join(', ')}]`,
      )
    }
    analytic += dot(await gradient.data(), directions[i]!)
  }

  const at = async (h: number): Promise<number> => {
    let next = 0
    const moved = inputs.map((x) => {
      if (!isFloat(x.dtype)) return x
      const i = next++
      return tensor(
        Float64Array.from(values[i]!, (v, k) => v + h * directions[i]![k]!),
        x.shape,
      )
    })
    const ys = await Promise.all(call(moved).map((y) => y.data()))
    return ys.reduce((sum, y, i) => sum + dot(y, incoming[i]!), 0)
  }
  const numeric = ((await at(step)) - (await at(-step))) / (2 * step)
  if (!(Math.abs(analytic - numeric) <= rtol * Math.max(1, Math.abs(numeric)))) {
    throw new Error(`the derivative along a random direction is ${analytic} by autograd and ${numeric} by differences`)
  }
}

/** Beside larger numbers a difference would vanish in rounding. */
const measurable = (x: number): boolean => Math.abs(x) < 1e6

const stays = (x: number, kinks: readonly number[], step: number): boolean =>
  !measurable(x) || kinks.some((k) => Math.abs(x - k) <= 4 * step)
