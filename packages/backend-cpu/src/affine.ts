/** Index arithmetic that is a sum of multiples of the axes' coordinates needs no loop for each of its operations. */
import { type Expr, walker } from '@tenon/kernel'
import type { Block } from './operations.ts'

/** constant + Σ coefficient·coordinate, with a coefficient for each axis. */
export interface Affine {
  readonly constant: number
  readonly coefficients: readonly number[]
}

/** The affine form of an int32 expression over these axes, or null if it has none that surely does not wrap. */
export function affineForms(axes: readonly number[]): (e: Expr) => Affine | null {
  const none = axes.map(() => 0)
  const bounded = (form: Affine): Affine | null =>
    form.coefficients.reduce((sum, c, axis) => sum + Math.abs(c) * axes[axis]!, Math.abs(form.constant)) < 2 ** 31 ? form : null
  const combine = (a: Affine, b: Affine, factor: number): Affine | null =>
    bounded({
      constant: a.constant + factor * b.constant,
      coefficients: a.coefficients.map((c, i) => c + factor * b.coefficients[i]!),
    })
  const scale = (a: Affine, { op, value }: { op: string; value?: number }): Affine | null =>
    op === 'literal' ? combine({ constant: 0, coefficients: none }, a, value!) : null

  return walker<Affine | null>({
    literal: (e) => (e.dtype === 'int32' ? bounded({ constant: e.value, coefficients: none }) : null),
    index: (e) => bounded({ constant: 0, coefficients: none.with(e.axis, 1) }),
    binary(e, a, b) {
      if (e.dtype !== 'int32' || !a || !b) return null
      switch (e.fn) {
        case 'add':
          return combine(a, b, 1)
        case 'sub':
          return combine(a, b, -1)
        case 'mul':
          return scale(a, e.b) ?? scale(b, e.a)
        default:
          return null
      }
    },
    scalar: () => null,
    load: () => null,
    unary: () => null,
    select: () => null,
    cast: () => null,
    register: () => null,
    stored: () => null,
  })
}

/** Fills a block with the values from point `first` on, counted through the axes in row-major order. */
export function affineFill({ constant, coefficients }: Affine, axes: readonly number[]): (out: Block, n: number, first: number) => void {
  const merged = mergeAxes(axes, coefficients)
  const [last = { extent: Infinity, coefficient: 0 }, ...outer] = merged.reverse()
  const { extent, coefficient } = last
  return (out, n, first) => {
    let row = Math.floor(first / extent)
    let column = first % extent
    for (let i = 0; i < n; row++, column = 0) {
      let value = constant + column * coefficient
      for (let d = 0, rest = row; d < outer.length; d++) {
        const axis = outer[d]!
        value += (rest % axis.extent) * axis.coefficient
        rest = Math.floor(rest / axis.extent)
      }
      const end = Math.min(n, i + extent - column)
      for (; i < end; i++, value += coefficient) out[i] = value
    }
  }
}

interface Axis {
  readonly extent: number
  readonly coefficient: number
}

/** Neighbouring axes that together walk as one, which makes the runs long. */
function mergeAxes(axes: readonly number[], coefficients: readonly number[]): Axis[] {
  const merged: Axis[] = []
  axes.forEach((extent, i) => {
    const coefficient = coefficients[i]!
    const before = merged.at(-1)
    if (extent === 1) return
    if (before && before.coefficient === coefficient * extent) merged.splice(-1, 1, { extent: before.extent * extent, coefficient })
    else merged.push({ extent, coefficient })
  })
  return merged
}
