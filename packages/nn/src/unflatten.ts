import { type Shape, ShapeError, showShape, sizeOf, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'

/**
 * Dimension `dim` as several, one of which may be −1: [N, C·H·W] → [N, C, H, W] for `new Unflatten(1, [C, H, W])`. PyTorch:
 * `torch.nn.Unflatten`.
 *
 * @throws ShapeError if the sizes do not multiply to that of the dimension.
 */
export class Unflatten extends Module {
  readonly dim: number
  readonly sizes: Shape

  constructor(dim: number, sizes: Shape) {
    super()
    this.dim = dim
    this.sizes = sizes
  }

  forward(x: Tensor): Tensor {
    const d = this.dim < 0 ? this.dim + x.ndim : this.dim
    const size = x.shape[d]
    const known = sizeOf(this.sizes.filter((s) => s !== -1))
    const free = this.sizes.length - this.sizes.filter((s) => s !== -1).length
    if (size === undefined || free > 1 || (free === 0 ? known !== size : known === 0 || size % known !== 0)) {
      throw new ShapeError(
        `${modulePath(this)} makes ${showShape(this.sizes)} of dimension ${this.dim}, which does not fit ${showShape(x.shape)}`,
      )
    }
    return x.reshape([...x.shape.slice(0, d), ...this.sizes.map((s) => (s === -1 ? size / known : s)), ...x.shape.slice(d + 1)])
  }

  override extraRepr(): string {
    return `dim=${this.dim}, sizes=${showShape(this.sizes)}`
  }
}
