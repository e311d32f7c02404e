import type { Tensor } from '@tenon/tensor'
import { type Layer, Module } from './module.ts'
import { isModule } from './walk.ts'

/**
 * Layers one after the other; `model[3]` is the fourth, and its parameters are `3.weight`, `3.bias`. PyTorch: `torch.nn.Sequential`.
 *
 * ```ts
 * const model = new Sequential(new Conv2d(1, 16, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(2704, 10))
 * ```
 */
export class Sequential extends Module {
  // Fields named 0, 1, …, so that the walk finds them as it finds any field.
  readonly [index: number]: Layer
  readonly length: number

  constructor(...layers: readonly Layer[]) {
    super()
    this.length = layers.length
    for (const [i, layer] of layers.entries()) {
      if (!isModule(layer))
        throw new TypeError(`Sequential takes modules, argument ${i} is ${typeof layer}; a function becomes one as the forward of a class`)
      ;(this as { [index: number]: Layer })[i] = layer
    }
  }

  *[Symbol.iterator](): IterableIterator<Layer> {
    for (let i = 0; i < this.length; i++) yield this[i]!
  }

  forward(x: Tensor): Tensor {
    let y = x
    for (const layer of this) y = layer.forward(y)
    return y
  }
}
