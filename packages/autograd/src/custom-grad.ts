import { customRule, primitive, type Tensor } from '@tenon/tensor'

/**
 * `forward` with a gradient of your own: torch.autograd.Function, jax.custom_vjp. Only `inputs` get gradients, whatever else `forward`
 * closes over. `backward` gives one for each, of its shape and dtype, or null; written with ops, it can be differentiated itself.
 *
 *     const clippedLog = customGrad((x: Tensor) => log(x), ({ dy, inputs: [x] }) => [dy.div(maximum(x, 1e-3))])
 *
 * @throws ShapeError, on the way back, if `backward` gives too few gradients, or one that does not fit its input
 */
export function customGrad<Inputs extends readonly Tensor[]>(
  forward: (...inputs: Inputs) => Tensor,
  backward: (args: { readonly dy: Tensor; readonly y: Tensor; readonly inputs: Inputs }) => readonly (Tensor | null)[],
): (...inputs: Inputs) => Tensor {
  const rule = customRule('customGrad', backward)
  return (...inputs) => primitive('custom', [forward(...inputs), ...inputs], { rule })
}
