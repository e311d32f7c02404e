/** What the JavaScript engine can do, and asking it for more. */

import type { V128 } from './assembler/code.ts'
import { f32x4 } from './assembler/instructions.ts'
import { type FunctionBuilder, ModuleBuilder } from './assembler/module.ts'

export interface Simd {
  readonly relaxed: boolean
  /** Why relaxed SIMD was wished for and is not there. */
  readonly note: string | null
}

function moduleOf(body: (f: FunctionBuilder<'v128'>) => V128): BufferSource {
  const module = new ModuleBuilder({ maximum: 1, shared: false })
  const f = module.function(['v128'], 'v128')
  f.add(body(f))
  return module.build()
}

/** Why no module can run here; null where one can. */
export function obstacle(): string | null {
  const simd = moduleOf((f) => f32x4.abs(f.param(0, 'v128').get))
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simd))
    return 'this engine has no WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89 and Safari 16.4 do)'
  // A policy that forbids to compile still lets modules be validated.
  try {
    new WebAssembly.Module(simd)
    return null
  } catch (error) {
    return `no WebAssembly may be compiled here: the script-src of a page's Content-Security-Policy needs 'wasm-unsafe-eval' (${(error as Error).message})`
  }
}

const hasRelaxedSimd = (): boolean =>
  WebAssembly.validate(
    moduleOf((f) => {
      const x = f.param(0, 'v128').get
      return f32x4.relaxedMadd(x, x, x)
    }),
  )

interface NodeProcess {
  getBuiltinModule?(name: string): { setFlagsFromString?(flag: string): void } | undefined
}

/**
 * Relaxed SIMD has a fused multiply-add, and with it matrix products run about 1.3 times as fast. Node 20 knows it behind a flag of V8, which takes
 * effect for modules that are compiled after it was set; newer engines simply have it.
 */
export function detectSimd(wanted: boolean): Simd {
  if (!wanted) return { relaxed: false, note: null }
  if (hasRelaxedSimd()) return { relaxed: true, note: null }
  // Not a static import of node:v8: this file also runs in browsers.
  const { process } = globalThis as { process?: NodeProcess }
  try {
    process?.getBuiltinModule?.('node:v8')?.setFlagsFromString?.('--experimental-wasm-relaxed-simd')
  } catch (error) {
    return { relaxed: false, note: `relaxed SIMD is off: V8 refused the flag (${String(error)})` }
  }
  if (hasRelaxedSimd()) return { relaxed: true, note: null }
  return {
    relaxed: false,
    note: 'relaxed SIMD is off: this engine does not have it, so matrix products multiply and add in two steps',
  }
}
