import { type CustomRule, primitive, ShapeError, sameShape, showShape, type Tensor } from '@tenon/tensor'

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
  const rule: CustomRule = ({ dy, y, inputs }) =>
    checked(backward({ dy, y, inputs: inputs as unknown as Inputs }), inputs).map((g) => g && (() => g))
  return (...inputs) => primitive('custom', [forward(...inputs), ...inputs], { rule })
}

function checked(gradients: readonly (Tensor | null)[], inputs: readonly Tensor[]): readonly (Tensor | null)[] {
  const kind = (x: Tensor): string => `${x.dtype} ${showShape(x.shape)}`
  const wrong = inputs.findIndex((x, i) => gradients[i] && !(sameShape(gradients[i].shape, x.shape) && gradients[i].dtype === x.dtype))
  if (wrong < 0 && gradients.length === inputs.length) return gradients
  const found =
    wrong < 0 ? `${gradients.length} gradients` : `${kind(gradients[wrong]!)} by input ${wrong}, which is ${kind(inputs[wrong]!)}`
  throw new ShapeError(`customGrad: backward gave ${found}; it gives one for each of ${inputs.length} inputs, shaped like it, or null.`)
}
