import { type DType, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { fanInUniform } from './fan-in-uniform.ts'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'
import { isAll, type ReadSize, show } from './sizes.ts'

export interface ConvLayerOptions {
  readonly stride?: number | readonly number[]
  readonly padding?: number | readonly number[] | 'same' | 'valid'
  readonly dilation?: number | readonly number[]
  readonly groups?: number
  readonly bias?: boolean
  readonly dtype?: DType
}

/** What convolutions share, over one axis or two, transposed or not. */
export abstract class ConvBase<Size extends readonly number[]> extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Size
  readonly stride: Size
  readonly dilation: Size
  readonly groups: number
  readonly weight: Parameter // [out, in / groups, ...kernel]; of a transposed convolution [in, out / groups, ...kernel]
  readonly bias: Parameter | null // [out]
  protected abstract readonly padding: Size | string

  constructor(
    read: ReadSize<Size>,
    transposed: boolean,
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    { stride = 1, dilation = 1, groups = 1, bias = true, dtype = 'float32' }: ConvLayerOptions,
  ) {
    super()
    const who = this.constructor.name
    if (!(Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0)) {
      throw new ShapeError(`${who}: groups must divide the ${inChannels} input and the ${outChannels} output channels, got ${groups}`)
    }
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = read(who, 'kernelSize', kernelSize, 1)
    this.stride = read(who, 'stride', stride, 1)
    this.dilation = read(who, 'dilation', dilation, 1)
    this.groups = groups
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups]
    this.weight = new Parameter(zeros([...channels, ...this.kernelSize], { dtype }))
    this.bias = bias ? new Parameter(zeros([outChannels], { dtype })) : null
    fanInUniform(this.weight, this.bias)
  }

  protected checkChannels(x: Tensor): void {
    const axes = this.kernelSize.length
    if (x.ndim < axes + 1 || x.ndim > axes + 2 || x.shape.at(-axes - 1) !== this.inChannels) {
      throw new ShapeError(`${modulePath(this)}.weight expects ${this.inChannels} input channels, got ${showShape(x.shape)}`)
    }
  }

  override extraRepr(): string {
    const { padding, dilation, groups } = this
    const parts = [this.inChannels, this.outChannels, `kernelSize=${show(this.kernelSize)}`, `stride=${show(this.stride)}`]
    if (!isAll(padding, 0)) parts.push(`padding=${show(padding)}`)
    if (!isAll(dilation, 1)) parts.push(`dilation=${show(dilation)}`)
    if (groups !== 1) parts.push(`groups=${groups}`)
    if (!this.bias) parts.push('bias=false')
    return parts.join(', ')
  }
}
