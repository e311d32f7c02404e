import { ShapeError } from '@tenon/kernel'
import type { CustomRule } from './primitives.ts'
import { sameShape, showShape } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** From `dy`, the gradient by the output `y`, one gradient for each input, of its shape and dtype, or null. Written with ops, it can be differentiated itself. */
export type CustomBackward<Inputs extends readonly Tensor[]> = (args: {
  readonly dy: Tensor
  readonly y: Tensor
  readonly inputs: Inputs
}) => readonly (Tensor | null)[]

/** The rule of a primitive `custom`; `who` stands in its errors. */
export function customRule<Inputs extends readonly Tensor[]>(who: string, backward: CustomBackward<Inputs>): CustomRule {
  return ({ dy, y, inputs }) => checked(who, backward({ dy, y, inputs: inputs as unknown as Inputs }), inputs).map((g) => g && (() => g))
}

function checked(who: string, gradients: readonly (Tensor | null)[], inputs: readonly Tensor[]): readonly (Tensor | null)[] {
  const kind = (x: Tensor): string => `${x.dtype} ${showShape(x.shape)}`
  const wrong = inputs.findIndex((x, i) => gradients[i] && !(sameShape(gradients[i].shape, x.shape) && gradients[i].dtype === x.dtype))
  if (wrong < 0 && gradients.length === inputs.length) return gradients
  const found =
    wrong < 0 ? `${gradients.length} gradients` : `${kind(gradients[wrong]!)} by input ${wrong}, which is ${kind(inputs[wrong]!)}`
  throw new ShapeError(`${who}: backward gave ${found}; it gives one for each of ${inputs.length} inputs, shaped like it, or null.`)
}
