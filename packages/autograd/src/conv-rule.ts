/**
 * Both gradients of a convolution are convolutions, so a backend that runs `conv` fast trains fast.
 *
 * Along one axis, with s = stride, d = dilation, e = inputDilation, l = padLow, n outputs and K taps:
 *
 *     y[o] = Σₖ X[o·s + k·d − l] · w[k],   X the input with e − 1 zeros between elements: X[i·e] = x[i]
 *
 * By the input: dx[i] is the sum of dy[o]·w[k] over all o·s + k·d − l = i·e. With Y the dilated dy (Y[o·s] = dy[o]) and
 * the taps counted backwards, k = K − 1 − j, this is Σⱼ Y[i·e + j·d − (K − 1)·d + l] · w[K − 1 − j]: stride and input
 * dilation change places. By the weight: dw[k] = Σₒ X[k·d + o·s − l] · dy[o]: stride and dilation change places, and dy
 * is the kernel.
 *
 * padHigh is what makes the sizes come out: it takes up the remainder that a stride leaves over, and may be negative,
 * as padLow may.
 */
import type { ConvAttrs } from '@tenon/tensor'
import { primitive, type Tensor } from '@tenon/tensor'

/** Extent of `size` elements with `step − 1` zeros between them. */
const span = (size: number, step: number): number => (size === 0 ? 0 : (size - 1) * step + 1)

/** One number for each spatial axis. */
const axes = <T>(attrs: ConvAttrs, of: (axis: number) => T): T[] => attrs.stride.map((_, axis) => of(axis))

/** dy [N, G, O, ...out], w [G, O, C, ...K] → [N, G, C, ...S], the shape of x. */
export function convByInput(dy: Tensor, x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor {
  const { stride, padLow, dilation, inputDilation } = attrs
  const reach = axes(attrs, (a) => (w.shape[3 + a]! - 1) * dilation[a]!)
  const flipped = primitive('flip', [w], { dims: axes(attrs, (a) => 3 + a) })
  const transposed = flipped.permute([0, 2, 1, ...axes(attrs, (a) => 3 + a)]) // [G, C, O, ...K]
  return primitive('conv', [dy, transposed], {
    stride: inputDilation,
    dilation,
    inputDilation: stride,
    padLow: axes(attrs, (a) => reach[a]! - padLow[a]!),
    padHigh: axes(attrs, (a) => (x.shape[3 + a]! - 1) * inputDilation[a]! + 1 + padLow[a]! - span(dy.shape[3 + a]!, stride[a]!)),
  })
}

/** dy [N, G, O, ...out], x [N, G, C, ...S] → [G, O, C, ...K], the shape of w. */
export function convByWeight(dy: Tensor, x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor {
  const { stride, padLow, dilation, inputDilation } = attrs
  const spatial = axes(attrs, (a) => 3 + a)
  const images = x.permute([2, 1, 0, ...spatial]) // [C, G, N, ...S]
  const kernels = dy.permute([1, 2, 0, ...spatial]) // [G, O, N, ...out]
  const transposed = primitive('conv', [images, kernels], {
    stride: dilation,
    dilation: stride,
    inputDilation,
    padLow,
    padHigh: axes(attrs, (a) => {
      const reach = (w.shape[3 + a]! - 1) * dilation[a]! + (dy.shape[3 + a]! - 1) * stride[a]! + 1
      return reach - span(x.shape[3 + a]!, inputDilation[a]!) - padLow[a]!
    }),
  }) // [C, G, O, ...K]
  return transposed.permute([1, 2, 0, ...spatial])
}
