import { init, Parameter } from '@tenon/nn'
import { type DType, type Shape, ShapeError, zeros } from '@tenon/tensor'

/** A parameter of U(−1/√H, 1/√H), as PyTorch begins with in recurrent layers, biases included. */
export function uniformParameter(shape: Shape, hiddenSize: number, dtype: DType): Parameter {
  const parameter = new Parameter(zeros(shape, { dtype }))
  const bound = 1 / Math.sqrt(hiddenSize)
  init.uniform(parameter, -bound, bound)
  return parameter
}

export function checkSizes(who: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) throw new ShapeError(`${who}: ${name} is a whole number ≥ 1, got ${size}`)
  }
}
