/**
 * Central differences in float64, along a random direction and against an incoming gradient that is not ones; the
 * second derivative by the same.
 */
import { grad } from '@tenon/autograd'
import { type Tensor, tensor } from '@tenon/tensor'
import { expect } from 'vitest'

/** Evenly distributed numbers in [low, high), the same ones at every run. */
export function numbers(shape: readonly number[], seed: number, low = -2, high = 2): Tensor {
  let state = seed * 2654435761 + 12345
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) | 0
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const values = Float64Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => low + (high - low) * next())
  return tensor(values, shape)
}

type Fn = (...inputs: Tensor[]) => Tensor

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0)

/** One derivative of `fn` at `inputs`: ⟨v, J u⟩ by differences against ⟨Jᵀ v, u⟩ by autograd. */
async function checkOnce(fn: Fn, inputs: readonly Tensor[], label: string, step: number, tolerance: number): Promise<void> {
  const y = fn(...inputs)
  const v = numbers(y.shape, 101)
  const grads = grad(y, inputs, { gradOutputs: v, allowUnused: true })
  let analytic = 0
  const directions = inputs.map((x, i) => numbers(x.shape, 211 + i))
  for (let i = 0; i < inputs.length; i++) {
    expect(grads[i]!.shape, `${label}: shape of gradient ${i}`).toEqual(inputs[i]!.shape)
    expect(grads[i]!.dtype, `${label}: dtype of gradient ${i}`).toBe(inputs[i]!.dtype)
    analytic += dot(await grads[i]!.data(), await directions[i]!.data())
  }
  const at = async (h: number): Promise<number> => {
    const moved = await Promise.all(
      inputs.map(async (x, i) => {
        const [values, direction] = [await x.data(), await directions[i]!.data()]
        return tensor(
          Float64Array.from(values, (value, k) => value + h * direction[k]!),
          x.shape,
        )
      }),
    )
    return dot(await fn(...moved).data(), await v.data())
  }
  const numeric = ((await at(step)) - (await at(-step))) / (2 * step)
  expect(Math.abs(analytic - numeric), `${label}: ${analytic} by autograd, ${numeric} by differences`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(numeric)),
  )
}

/** The first derivative of `fn`, and the derivative of its gradient by the inputs and by the incoming gradient. */
export async function checkGradients(label: string, fn: Fn, inputs: readonly Tensor[]): Promise<void> {
  await checkOnce(fn, inputs, `${label}, first derivative`, 1e-5, 1e-6)
  const weights = inputs.map((x, i) => numbers(x.shape, 307 + i))
  const gradient: Fn = (...args) => {
    const xs = args.slice(0, -1)
    const grads = grad(fn(...xs), xs, { gradOutputs: args.at(-1)!, allowUnused: true })
    return grads.map((g, i) => g.mul(weights[i]!).sum()).reduce((a, b) => a.add(b))
  }
  await checkOnce(gradient, [...inputs, numbers(fn(...inputs).shape, 401)], `${label}, second derivative`, 1e-5, 1e-5)
}
