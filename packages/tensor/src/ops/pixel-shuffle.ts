/** Channels for resolution, and back (Shi et al. 2016). */
import { ShapeError } from '@tenon/kernel'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

function checked(op: string, x: Tensor, factor: number): [number[], number, number, number] {
  if (x.ndim < 3) throw new ShapeError(`${op} takes an input [..., c, h, w], got ${showShape(x.shape)}`)
  if (!Number.isInteger(factor) || factor < 1) throw new ShapeError(`${op}: the factor is a whole number ≥ 1, got ${factor}`)
  return [x.shape.slice(0, -3), ...(x.shape.slice(-3) as [number, number, number])]
}

/**
 * pixelShuffle(x, r)[…, c, h·r + i, w·r + j] = x[…, c·r² + i·r + j, h, w]; source: F.pixel_shuffle.
 * [..., c·r², h, w] → [..., c, h·r, w·r]
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const r = upscaleFactor
  const [lead, channels, h, w] = checked('pixelShuffle', x, r)
  if (channels % (r * r) !== 0) {
    throw new ShapeError(`pixelShuffle: the square of the factor ${r} must divide the ${channels} channels of ${showShape(x.shape)}`)
  }
  const n = lead.length
  const out = channels / (r * r)
  return x
    .reshape([...lead, out, r, r, h, w])
    .permute([...lead.keys(), n, n + 3, n + 1, n + 4, n + 2]) // [..., c, h, r, w, r]
    .reshape([...lead, out, h * r, w * r])
}

/** pixelUnshuffle(x, r): what undoes pixelShuffle; source: F.pixel_unshuffle.   [..., c, h·r, w·r] → [..., c·r², h, w] */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const r = downscaleFactor
  const [lead, channels, h, w] = checked('pixelUnshuffle', x, r)
  if (h % r !== 0 || w % r !== 0)
    throw new ShapeError(`pixelUnshuffle: the factor ${r} must divide height and width of ${showShape(x.shape)}`)
  const n = lead.length
  return x
    .reshape([...lead, channels, h / r, r, w / r, r])
    .permute([...lead.keys(), n, n + 2, n + 4, n + 1, n + 3]) // [..., c, r, r, h, w]
    .reshape([...lead, channels * r * r, h / r, w / r])
}
