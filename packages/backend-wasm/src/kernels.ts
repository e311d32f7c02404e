/** From kernels to functions in a table: one module for all that a program has and no program had before. */
import { type Kernel, kernelKey, printKernel, UnsupportedError } from '@tenon/kernel'
import { listing } from './assembler/listing.ts'
import { type FunctionBuilder, ModuleBuilder } from './assembler/module.ts'
import { compileContraction } from './gemm/contraction.ts'
import { compileConvolution } from './gemm/convolution.ts'
import { maximumPages } from './heap.ts'
import { compileLines } from './lines.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from './loops/compile.ts'
import { MathFunctions } from './math/routines.ts'
import { compileScatter } from './scatter.ts'
import type { Load } from './team.ts'

/**
 * A function of (arguments, begin, end, scratch) that runs the parts begin … end − 1 of a kernel, which has `extent` parts that are independent of one
 * another. The arguments are the addresses of its buffers, followed by its scalars, 4 bytes each; scratch is memory of the thread that runs it.
 */
export interface CompiledKernel {
  /** In the table. */
  readonly place: number
  readonly extent: number
  /** Shares begin at multiples of this. */
  readonly grain: number
  readonly scratchBytes: number
}

const nothing: CompiledKernel = { place: 0, extent: 0, grain: 1, scratchBytes: 0 }

export interface KernelCacheOptions {
  readonly memory: WebAssembly.Memory
  readonly table: WebAssembly.Table
  readonly relaxed: boolean
  readonly threads: number
  readonly mostKernels: number
  /** Told of what becomes of the table, for those of other threads. */
  readonly team: { load(load: Load): void; forget(): void } | null
}

export class KernelCache {
  readonly #options: KernelCacheOptions
  readonly #kernels = new Map<string, CompiledKernel>()
  #compiled = 0
  #places = 0
  #generation = 0

  constructor(options: KernelCacheOptions) {
    this.#options = options
  }

  /** Changes when what was compiled before is no longer in the table. */
  get generation(): number {
    return this.#generation
  }

  /** How many kernels have been compiled so far. */
  get compiled(): number {
    return this.#compiled
  }

  get(kernels: readonly Kernel[]): readonly CompiledKernel[] {
    const named = new Map(kernels.map((kernel) => [kernelKey(kernel), kernel]))
    const isMissing = (key: string): boolean => !this.#kernels.has(key)
    // A program in one thread's table and not in another's would be worse than now and then to begin anew.
    if (this.#places > 0 && this.#places + [...named.keys()].filter(isMissing).length > this.#options.mostKernels) this.clear()
    const missing = new Map([...named].filter(([key]) => isMissing(key)))
    if (missing.size > 0) this.#compile(missing)
    return kernels.map((kernel) => this.#kernels.get(kernelKey(kernel))!)
  }

  clear(): void {
    const { table, team } = this.#options
    for (let place = 0; place < this.#places; place++) table.set(place, null)
    team?.forget()
    this.#kernels.clear()
    this.#places = 0
    this.#generation += 1
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
    const { relaxed, threads } = this.#options
    const module = new ModuleBuilder({ maximum: maximumPages, shared: threads > 1 })
    return { module, math: new MathFunctions(module, relaxed), relaxed, threads }
  }

  #compile(kernels: ReadonlyMap<string, Kernel>): void {
    const { memory, table, team } = this.#options
    const context = this.#context()
    const first = this.#places
    const compiled = [...kernels.values()].map((kernel, i) => {
      const own = compileKernel(context, kernel)
      if (!own) return nothing
      context.module.export(`k${i}`, own.f)
      return { place: first + i, extent: own.extent, grain: own.grain ?? 1, scratchBytes: own.scratchBytes }
    })
    const module = new WebAssembly.Module(context.module.build())
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    this.#places += compiled.length
    if (this.#places > table.length) table.grow(Math.max(64, this.#places - table.length))
    compiled.forEach(({ place }, i) => {
      const f = exports[`k${i}`]
      if (f) table.set(place, f)
    })
    team?.load({ module, first })
    ;[...kernels.keys()].forEach((key, i) => {
      this.#kernels.set(key, compiled[i]!)
    })
    this.#compiled += kernels.size
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
