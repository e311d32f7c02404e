/** A name for what a kernel computes. */
import { type Expr, walker } from './expr.ts'
import type { Kernel } from './kernel.ts'

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

/** Equal for equal kernels, whatever pools their expressions came from: what backends cache compiled kernels under. */
export function kernelKey(kernel: Kernel): string {
  const numbers = new Map<string, number>()
  const define = (text: string): number => {
    let number = numbers.get(text)
    if (number === undefined) numbers.set(text, (number = numbers.size))
    return number
  }
  const number = walker<number>({
    literal: (e) => define(`${e.dtype} ${Object.is(e.value, -0) ? '-0' : e.value}`),
    scalar: (e) => define(`${e.dtype} s${e.slot}`),
    index: (e) => define(`i${e.axis}<${e.extent}`),
    load: (e, index, valid) => define(`${e.dtype} b${e.buffer} ${index} ${valid ?? ''}`),
    unary: (e, x) => define(`${e.fn} ${x}`),
    binary: (e, a, b) => define(`${e.fn} ${a} ${b}`),
    select: (_, cond, a, b) => define(`? ${cond} ${a} ${b}`),
    cast: (e, x) => define(`${e.dtype} ${x}`),
    register: (e) => define(`${e.dtype} r${e.stage}`),
    stored: (e) => define(`${e.dtype} stored${e.stage}`),
  })
  // An expression is replaced by its number; all other fields are plain data, and go by name.
  const fields = JSON.stringify(kernel, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return 'op' in value && 'id' in value ? number(value as Expr) : Object.fromEntries(Object.entries(value).sort(byName))
  })
  return `${fields}${[...numbers.keys()].join(';')}`
}
