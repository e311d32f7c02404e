/** Several functions as one, each share of which is a share of each of them. */
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { minimum, times, Writer } from '../assembler/writer.ts'
import type { LoopFunction, ModuleContext } from '../loops/compile.ts'

/** The product of two of these is an int32. */
const mostUnits = 2 ** 15

/** Null when none of them does anything. The functions do not touch what another one writes. */
export function compileInTurn(context: ModuleContext, functions: readonly (LoopFunction | null)[]): LoopFunction | null {
  const parts = functions
    .filter((f) => f !== null)
    .map(({ f, extent, grain = 1, scratchBytes }) => {
      const unit = grain * Math.ceil(extent / grain / mostUnits)
      return { f, extent, unit, units: Math.ceil(extent / unit), scratchBytes }
    })
  if (functions.length === 1 || parts.length === 0) return functions[0] ?? null
  const units = Math.max(...parts.map((part) => part.units))
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, scratch] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const w = new Writer(f)
  for (const part of parts) {
    const own = (bound: I32): I32 =>
      w.keep(minimum(times(i32.divU(times(bound, part.units), i32.const(units)), part.unit), i32.const(part.extent)))
    const [from, to] = [own(begin), own(end)]
    w.when(i32.ltS(from, to), (inside) => inside.add(part.f.call(args, from, to, scratch)))
  }
  f.add(w.code)
  return { f, extent: units, scratchBytes: Math.max(...parts.map((part) => part.scratchBytes)) }
}
