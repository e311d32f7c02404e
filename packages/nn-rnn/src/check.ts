import { DTypeError, isTensor, type Shape, ShapeError, sameShape, showShape, type Tensor } from '@tenon/tensor'

/** The input of the module at `path` has the dtype of its weights. */
export function checkInput(path: string, x: Tensor, weight: Tensor): void {
  if (x.dtype !== weight.dtype) {
    throw new DTypeError(`${path} has ${weight.dtype} weights, the input is ${x.dtype}; cast it with x.cast('${weight.dtype}')`)
  }
}

/** A state that was handed in has the shape and dtype that the steps will keep. `layout` says what the shape means. */
export function checkState(path: string, name: string, state: Tensor, shape: Shape, layout: string, weight: Tensor): void {
  if (!isTensor(state)) {
    throw new TypeError(`${path} expects a tensor as state ${name}, got ${state === null ? 'null' : typeof state}`)
  }
  if (!sameShape(state.shape, shape)) {
    throw new ShapeError(`${path} expects the state ${name} as ${layout} = ${showShape(shape)}, got ${showShape(state.shape)}`)
  }
  if (state.dtype !== weight.dtype) {
    throw new DTypeError(`${path} has ${weight.dtype} weights, the state ${name} is ${state.dtype}; cast it with x.cast('${weight.dtype}')`)
  }
}
