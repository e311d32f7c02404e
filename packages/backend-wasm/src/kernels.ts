/** From kernels to functions that can be called: one module for all that a program has and no program had before. */
import { type Kernel, kernelKey, LruCache, printKernel, UnsupportedError } from '@tenon/kernel'
import { listing } from './assembler/listing.ts'
import { type FunctionBuilder, ModuleBuilder } from './assembler/module.ts'
import { compileContraction } from './gemm/contraction.ts'
import { compileConvolution } from './gemm/convolution.ts'
import { maximumPages } from './heap.ts'
import { compileLines } from './lines.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from './loops/compile.ts'
import { MathFunctions } from './math/routines.ts'
import { compileScatter } from './scatter.ts'

/**
 * Runs the parts begin … end − 1 of a kernel, which has `extent` parts that are independent of one another. `args` is where the addresses of its
 * buffers stand, followed by its scalars, 4 bytes each; `scratch` is memory that this thread may use while it runs.
 */
export type KernelFunction = (args: number, begin: number, end: number, scratch: number) => void

export interface CompiledKernel {
  readonly run: KernelFunction
  readonly extent: number
  readonly scratchBytes: number
}

/** Kernels kept compiled, used lately or not. */
const cachedKernels = 1024

const nothing: CompiledKernel = { run: () => {}, extent: 0, scratchBytes: 0 }

export class KernelCache {
  readonly #memory: WebAssembly.Memory
  readonly #relaxed: boolean
  readonly #kernels = new LruCache<CompiledKernel>(cachedKernels)
  #compiled = 0

  constructor(memory: WebAssembly.Memory, relaxed: boolean) {
    this.#memory = memory
    this.#relaxed = relaxed
  }

  /** How many kernels have been compiled so far. */
  get compiled(): number {
    return this.#compiled
  }

  get(kernels: readonly Kernel[]): readonly CompiledKernel[] {
    const keys = kernels.map(kernelKey)
    const found = new Map(keys.map((key) => [key, this.#kernels.get(key)]))
    const missing = new Map(keys.flatMap((key, i) => (found.get(key) ? [] : [[key, kernels[i]!]])))
    for (const [key, compiled] of missing.size > 0 ? this.#compile(missing) : []) {
      found.set(key, compiled)
      this.#kernels.set(key, compiled)
    }
    return keys.map((key) => found.get(key)!)
  }

  clear(): void {
    this.#kernels.clear()
  }

  /** The code that these kernels become, for people. */
  listing(kernels: readonly Kernel[]): string {
    const context = this.#context()
    const own = new Map<FunctionBuilder, Kernel>()
    const empty: string[] = []
    for (const kernel of new Map(kernels.map((k) => [kernelKey(k), k])).values()) {
      const compiled = compileKernel(context, kernel)
      if (compiled) own.set(compiled.f, kernel)
      else empty.push(`no code: ${printKernel(kernel)}`)
    }
    const functions = context.module.functions.map((f) => {
      const kernel = own.get(f)
      const signature = `(${f.params.join(', ')})${f.result === 'none' ? '' : ` → ${f.result}`}`
      return [`function ${f.index} ${signature}${kernel ? `: ${printKernel(kernel)}` : ''}`, ...listing(f)].join('\n')
    })
    return [...functions, ...empty].join('\n')
  }

  #context(): ModuleContext & { readonly module: ModuleBuilder } {
    const module = new ModuleBuilder({ maximum: maximumPages, shared: false })
    return { module, math: new MathFunctions(module, this.#relaxed), relaxed: this.#relaxed }
  }

  #compile(kernels: ReadonlyMap<string, Kernel>): ReadonlyMap<string, CompiledKernel> {
    const context = this.#context()
    const { module } = context
    const functions = [...kernels.values()].map((kernel, i) => {
      const compiled = compileKernel(context, kernel)
      if (compiled) module.export(`k${i}`, compiled.f)
      return compiled
    })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory: this.#memory } })
    this.#compiled += kernels.size
    return new Map(
      [...kernels.keys()].map((key, i) => {
        const compiled = functions[i]
        const run = instance.exports[`k${i}`] as KernelFunction
        return [key, compiled ? { run, extent: compiled.extent, scratchBytes: compiled.scratchBytes } : nothing]
      }),
    )
  }
}

function compileKernel(context: ModuleContext, kernel: Kernel): LoopFunction | null {
  const unknown = [...kernel.buffers.map((b) => b.dtype), ...kernel.scalars].find((dtype) => dtype === 'float64')
  if (unknown) throw new UnsupportedError('wasm: no float64 here; it has float32, int32, uint32 and bool. backend-cpu has float64')
  switch (kernel.kind) {
    case 'loop':
      return compileLoops(context, kernel)
    case 'contraction':
      return compileContraction(context, kernel)
    case 'convolution':
      return compileConvolution(context, kernel)
    case 'scatter':
      return compileScatter(context, kernel)
    case 'prefixScan':
    case 'sort':
      return compileLines(context, kernel)
  }
}
