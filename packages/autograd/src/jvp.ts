import { primitive, ShapeError, showShape, type Tensor, zerosLike } from '@tenon/tensor'
import { grad } from './backward.ts'

/**
 * `fn` and its derivative in a direction, J·v: torch.func.jvp. u ↦ Jᵀu is linear, and its own vector-Jacobian product is J, so two of them do it.
 *
 *     const { value, tangent } = jvp(sin)([x], [v])   // sin x and v · cos x
 *
 * @throws ShapeError, DTypeError if a tangent does not fit its input, or an input or the value is no float
 */
export function jvp<Inputs extends readonly Tensor[]>(
  fn: (...inputs: Inputs) => Tensor,
): (inputs: Inputs, tangents: Inputs) => { value: Tensor; tangent: Tensor } {
  return (inputs, tangents) => {
    const own = inputs.map((x, i) => {
      const got = tangents[i] && showShape(tangents[i].shape)
      if (got !== showShape(x.shape)) throw new ShapeError(`jvp: input ${i} is ${showShape(x.shape)}, its tangent ${got ?? 'missing'}`)
      return primitive('reshape', [x], { shape: x.shape })
    })
    const value = fn(...(own as unknown as Inputs))
    const u = zerosLike(value)
    const pulled = grad(value, own, { gradOutputs: u, allowUnused: true })
    return { value, tangent: grad(pulled, u, { gradOutputs: tangents, allowUnused: true })[0]! }
  }
}
