/** A GPU of gpu.js, with the books of what lives on it. */
import { BackendError } from '@tenon/kernel'
import type { GPU, IKernelRunShortcut, KernelFunction, Texture } from 'gpu.js'

export type DeviceMode = 'webgl2' | 'webgl' | 'headlessgl' | 'webasm' | 'cpu'
export type Library = typeof import('gpu.js')

/** Numbers on the device: a texture, or, where gpu.js keeps them in JavaScript's memory, an array that is not to be changed. */
export type DeviceData = Texture | Float32Array

/** A kernel as gpu.js takes it. The lengths are part of the code that it makes. */
export interface Source {
  readonly text: string
  readonly functions: readonly string[]
  /** The extents of the result, the innermost first. */
  readonly output: readonly number[]
  /** The lengths of the arrays that it is given. */
  readonly inputs: readonly number[]
}

const identity = (length: number): Source => ({
  text: 'function(p0) {\n  return p0[this.thread.x];\n}',
  functions: [],
  output: [length],
  inputs: [length],
})

/** Of two or three dimensions a result is an array of its rows, which lie in one buffer. */
function flat(result: ReturnType<IKernelRunShortcut>): DeviceData {
  let rows = result
  while (Array.isArray(rows)) rows = rows[0] as typeof rows
  return rows === result ? (result as DeviceData) : new Float32Array((rows as Float32Array).buffer)
}

export type DeviceKernel = (args: readonly (DeviceData | number)[]) => DeviceData

interface Compiled {
  readonly kernel: IKernelRunShortcut
  /** How many of its results live. A texture needs the kernel that made it: to be read, and to be deleted. */
  results: number
  lastUse: number
  evicted: boolean
}

const classes: Readonly<Record<DeviceMode, keyof Library>> = {
  webgl2: 'WebGL2Kernel',
  webgl: 'WebGLKernel',
  headlessgl: 'HeadlessGLKernel',
  webasm: 'WebAssemblyKernel',
  cpu: 'CPUKernel',
}
const glModes: ReadonlySet<DeviceMode> = new Set(['webgl2', 'webgl', 'headlessgl'])

export class Device {
  readonly mode: DeviceMode
  /** Whether kernels are shaders, and data lie in textures. */
  readonly gl: boolean
  /** Whether four neighbours in a row are computed at once: WebAssembly's vectors. */
  readonly vectors: boolean
  /** Whether a point reads its numbers one by one, so that caches make much of such as lie in a row: JavaScript. */
  readonly caches: boolean
  readonly #library: Library
  readonly #gpu: GPU
  readonly #maxKernels: number
  /** By texts and lengths. */
  readonly #kernels = new Map<string, Compiled>()
  readonly #live = new Map<DeviceData, Compiled | null>()
  #compilations = 0
  #launches = 0
  #ran: string
  #fallbackReason: string | null = null

  constructor(library: Library, mode: DeviceMode, maxKernels = 1024) {
    this.#library = library
    this.#gpu = new library.GPU({ mode })
    this.#maxKernels = maxKernels
    this.#ran = mode
    this.mode = mode
    this.gl = glModes.has(mode)
    this.vectors = mode === 'webasm'
    this.caches = mode === 'cpu'
  }

  /** How many textures or arrays are held. */
  get live(): number {
    return this.#live.size
  }
  /** How many compiled kernels gpu.js holds: those last used, and those whose results live. */
  get kernelsHeld(): number {
    return (this.#gpu as GPU & { readonly kernels: readonly object[] }).kernels.length
  }
  get compilations(): number {
    return this.#compilations
  }
  /** The mode that gpu.js ran kernels in: where it left the one asked for, what it left it for. */
  get ran(): string {
    return this.#ran
  }
  get fallbackReason(): string | null {
    return this.#fallbackReason
  }

  /** Runs something small, after which `ran` is known. */
  probe(): void {
    this.delete(this.kernel(identity(1))([Float32Array.of(1)]))
  }

  /** What draws, in WebGL's words. Null where there is no WebGL, or it does not say. */
  get renderer(): string | null {
    const gl: WebGLRenderingContext | null = this.gl ? this.#gpu.context : null
    const info = gl?.getExtension('WEBGL_debug_renderer_info')
    return info ? String(gl!.getParameter(info.UNMASKED_RENDERER_WEBGL)) : null
  }

  /** Compiled when it is first run, once for equal sources, and again where it was not among the last ones used. */
  kernel(source: Source): DeviceKernel {
    const key = `${source.output} ${source.inputs} ${source.text}`
    let compiled = this.#kernels.get(key)
    return (args) => {
      this.#checkContext()
      if (!compiled || compiled.evicted) {
        compiled = this.#kernels.get(key) ?? this.#compile(source)
        this.#kernels.set(key, compiled)
      }
      const first = compiled.lastUse === 0
      compiled.lastUse = ++this.#launches
      let data: DeviceData
      try {
        data = flat(compiled.kernel(...(args as Parameters<IKernelRunShortcut>)))
      } catch (error) {
        this.#checkContext()
        throw new BackendError(`gpujs: gpu.js could not run this kernel in mode ${this.mode}: ${(error as Error).message}\n${source.text}`)
      }
      if (first) {
        this.#noteMode(compiled.kernel)
        this.#evict()
      }
      compiled.results++
      this.#live.set(data, compiled)
      return data
    }
  }

  /** `immutable`, so that results do not alias; `precision: 'single'` and `tactic`, so that none is computed in less than float32. */
  #compile({ text, output, functions }: Source): Compiled {
    this.#compilations++
    const kernel = this.#gpu.createKernel(text as unknown as KernelFunction, {
      output: [...output],
      precision: 'single',
      tactic: 'precision',
      pipeline: true,
      immutable: true,
      dynamicOutput: false,
      functions: functions as unknown as [],
    }) as IKernelRunShortcut
    return { kernel, results: 0, lastUse: 0, evicted: false }
  }

  #noteMode({ kernel, fallbackReason }: IKernelRunShortcut & { fallbackReason?: string | null }): void {
    const ran = Object.entries(classes).find(([, name]) => kernel.constructor === this.#library[name])
    if (ran?.[0] === this.mode && !fallbackReason) return
    this.#ran = ran?.[0] ?? 'unknown'
    this.#fallbackReason ??= fallbackReason ?? 'gpu.js gives no reason'
  }

  /** After the newest kernel ran: gpu.js draws with the vertices of the last kernel that it built. */
  #evict(): void {
    if (this.#kernels.size <= this.#maxKernels) return
    const [key, compiled] = [...this.#kernels].reduce((oldest, next) => (next[1].lastUse < oldest[1].lastUse ? next : oldest))
    this.#kernels.delete(key)
    compiled.evicted = true
    if (compiled.results === 0) this.#destroy(compiled)
  }

  #destroy({ kernel }: Compiled): void {
    const { kernels } = this.#gpu as GPU & { kernels: object[] }
    const inner = kernel.kernel
    inner.destroy(false)
    const at = kernels.indexOf(inner) // in mode cpu it stays there
    if (at >= 0) kernels.splice(at, 1)
  }

  /** Through an identity kernel: kernels whose arguments are now arrays, now textures, would be compiled anew each time. */
  upload(numbers: Float32Array): DeviceData {
    if (this.gl) return this.kernel(identity(numbers.length))([numbers])
    this.#live.set(numbers, null)
    return numbers
  }

  /** The same numbers once more, without a copy: results are never written to. */
  share(data: DeviceData): DeviceData {
    const shared = data instanceof Float32Array ? data.subarray() : (data as Texture & { clone(): Texture }).clone()
    const compiled = this.#live.get(data) ?? null
    if (compiled) compiled.results++
    this.#live.set(shared, compiled)
    return shared
  }

  download(data: DeviceData): Float32Array {
    if (data instanceof Float32Array) return data
    this.#checkContext()
    const numbers = data.toArray() as Float32Array
    this.#checkContext()
    return numbers
  }

  /** A lost context computes nothing and reads zeros, without an error. */
  #checkContext(): void {
    if (!this.gl || !this.#gpu.context?.isContextLost()) return
    throw new BackendError(
      `gpujs: the WebGL context was lost (the browser took the GPU away), and with it all that this backend held. Make a new backend, and resume from the last checkpoint`,
    )
  }

  /** Textures are never collected. */
  delete(data: DeviceData): void {
    const compiled = this.#live.get(data)
    if (compiled === undefined) return
    this.#live.delete(data)
    if (!(data instanceof Float32Array)) data.delete()
    if (compiled && --compiled.results === 0 && compiled.evicted) this.#destroy(compiled)
  }

  dispose(): void {
    for (const data of [...this.#live.keys()]) this.delete(data)
    this.#kernels.clear()
    // It works later, and where the context is lost there is nothing left to destroy.
    this.#gpu.destroy().catch(() => {})
  }
}
