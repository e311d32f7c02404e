import type { Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

/** Dimensions `startDim` to `endDim` as one: [N, C, H, W] → [N, C·H·W] by default. PyTorch: `torch.nn.Flatten`. */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(startDim = 1, endDim = -1) {
    super()
    this.startDim = startDim
    this.endDim = endDim
  }

  forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim)
  }

  override extraRepr(): string {
    return `startDim=${this.startDim}, endDim=${this.endDim}`
  }
}
