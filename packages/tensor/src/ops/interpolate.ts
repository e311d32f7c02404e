import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { tensor } from './create.ts'
import { lerp } from './lerp.ts'
import { repeatInterleave } from './repeat.ts'

/** Options of `interpolate`. */
export interface InterpolateOptions {
  /** The new size of every spatial axis; this or `scaleFactor`. */
  readonly size?: PerAxis
  /** How many times the size, rounded down. */
  readonly scaleFactor?: PerAxis
  /** `nearest` over any number of spatial axes; `linear` for [n, c, l], `bilinear` for [n, c, h, w], `trilinear` for [n, c, d, h, w]. */
  readonly mode?: 'nearest' | 'linear' | 'bilinear' | 'trilinear'
  /** Whether the middles of the corner elements stay in place, and not the corners of the picture; not for `nearest`. */
  readonly alignCorners?: boolean
}

const axesOf = { nearest: null, linear: 1, bilinear: 2, trilinear: 3 }

/**
 * interpolate(x): x with its spatial axes resized, each on its own. With r = old size / new size (1 / scaleFactor where that is given),
 * output i is element ⌊i·r⌋ for `nearest`; for the linear modes it lies at (i + ½)·r − ½, or at i · (old − 1) / (new − 1) with
 * `alignCorners`, between the two elements beside it. Source: F.interpolate.   [n, c, ...spatial] → [n, c, ...size]
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { mode = 'nearest', alignCorners = false } = options
  const axes = x.ndim - 2
  if (!isFloat(x.dtype)) throw new DTypeError(`interpolate takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  if (!(mode in axesOf)) throw new RangeError(`interpolate: mode is 'nearest', 'linear', 'bilinear' or 'trilinear', got '${mode}'`)
  const wanted = axesOf[mode]
  if (axes < 1 || (wanted !== null && axes !== wanted)) {
    throw new ShapeError(`interpolate: mode '${mode}' takes [n, c, and ${wanted ?? 'some'} spatial axes], got ${showShape(x.shape)}`)
  }
  if (alignCorners && mode === 'nearest') throw new RangeError("interpolate: alignCorners has no meaning for mode 'nearest'")
  return targets(x, axes, options).reduce((y, target, d) => {
    const old = x.shape[2 + d]!
    if (old === 0 || target.size === 0) {
      throw new ShapeError(`interpolate: spatial axis ${d} goes from size ${old} to ${target.size}; both must be at least 1`)
    }
    return mode === 'nearest' ? nearest(y, 2 + d, target) : linear(y, 2 + d, target, alignCorners)
  }, x)
}

interface Target {
  readonly size: number
  /** Old elements for each new one. */
  readonly ratio: number
}

function targets(x: Tensor, axes: number, { size, scaleFactor }: InterpolateOptions): Target[] {
  if ((size === undefined) === (scaleFactor === undefined)) throw new ShapeError('interpolate takes either a size or a scaleFactor')
  if (size !== undefined) return perAxis('interpolate', 'size', size, axes, 1).map((n, d) => ({ size: n, ratio: x.shape[2 + d]! / n }))
  const factors = typeof scaleFactor === 'number' ? new Array<number>(axes).fill(scaleFactor) : [...scaleFactor!]
  if (factors.length !== axes || !factors.every((f) => f > 0 && f < Infinity)) {
    throw new ShapeError(`interpolate: scaleFactor takes a number above 0, or ${axes} of them, got ${JSON.stringify(scaleFactor)}`)
  }
  return factors.map((factor, d) => ({ size: Math.floor(x.shape[2 + d]! * factor), ratio: 1 / factor }))
}

function nearest(x: Tensor, dim: number, { size, ratio }: Target): Tensor {
  const old = x.shape[dim]!
  if (size * ratio === old && Number.isInteger(size / old)) return repeatInterleave(x, size / old, dim)
  const single = Math.fround(ratio) // PyTorch rounds both to float32, which decides ties
  const index = Int32Array.from({ length: size }, (_, i) => Math.min(old - 1, Math.floor(Math.fround(i * single))))
  return x.indexSelect(dim, tensor(index))
}

function linear(x: Tensor, dim: number, { size, ratio }: Target, alignCorners: boolean): Tensor {
  const old = x.shape[dim]!
  if (size === old && (ratio === 1 || alignCorners)) return x
  const corners = size > 1 ? (old - 1) / (size - 1) : 0
  const places = Array.from({ length: size }, (_, i) => (alignCorners ? i * corners : Math.max(0, (i + 0.5) * ratio - 0.5)))
  const low = Int32Array.from(places, (place) => Math.min(old - 1, Math.floor(place)))
  const high = low.map((i) => Math.min(old - 1, i + 1))
  const weights = Float64Array.from(places, (place, i) => place - low[i]!)
  const weight = tensor(weights, [size, ...x.shape.slice(dim + 1).map(() => 1)], { dtype: x.dtype })
  return lerp(x.indexSelect(dim, tensor(low)), x.indexSelect(dim, tensor(high)), weight)
}
