import { ShapeError, sameShape, showShape, type Tensor } from '@tenon/tensor'

/** How the losses of the elements become one: their mean, their sum, or not at all. */
export type Reduction = 'mean' | 'sum' | 'none'

/** What all losses take. */
export interface LossOptions {
  /** What becomes of the losses of the samples, or of the elements. Default 'mean'. */
  readonly reduction?: Reduction
}

/** `mean` is what 'mean' gives where it is not the mean of all losses. */
export function reduce(op: string, losses: Tensor, { reduction = 'mean' }: LossOptions, mean = (): Tensor => losses.mean()): Tensor {
  switch (reduction) {
    case 'mean':
      return mean()
    case 'sum':
      return losses.sum()
    case 'none':
      return losses
    default:
      throw new RangeError(`${op}: reduction is 'mean', 'sum' or 'none', got '${String(reduction satisfies never)}'`)
  }
}

/** What broadcasts here is a mistake far more often than a wish, so it is left to `expand`. */
export function checkSameShape(op: string, input: Tensor, others: Readonly<Record<string, Tensor>>): void {
  for (const [name, { shape }] of Object.entries(others)) {
    if (!sameShape(input.shape, shape)) {
      throw new ShapeError(`${op} expects a ${name} of shape ${showShape(input.shape)}, that of the input, got ${showShape(shape)}`)
    }
  }
}

/** @throws RangeError unless `holds`. */
export function checkOption(holds: boolean, message: string): void {
  if (!holds) throw new RangeError(message)
}
