import type { Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

/** y = x: what takes the place of a layer that one leaves out. PyTorch: `torch.nn.Identity`. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x
  }
}
