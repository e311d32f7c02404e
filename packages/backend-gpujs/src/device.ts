/** A GPU of gpu.js, with the books of what lives on it. */
import { BackendError } from '@tenon/kernel'
import type { GPU, IKernelRunShortcut, KernelFunction, Texture } from 'gpu.js'

export type DeviceMode = 'webgl2' | 'webgl' | 'headlessgl' | 'webasm' | 'cpu'

/** Numbers on the device: a texture, or, where gpu.js keeps them in JavaScript's memory, an array. */
export type DeviceData = Texture | Float32Array

export type DeviceKernel = (...args: readonly (DeviceData | number)[]) => DeviceData

export class Device {
  readonly mode: DeviceMode
  readonly #gpu: GPU
  readonly #uploads = new Map<number, DeviceKernel>()
  readonly #live = new Set<DeviceData>()
  #kernels = 0
  /** The mode that gpu.js says a kernel ran in, and why it is not the one asked for. */
  #ran: string | null = null
  #fallbackReason: string | null = null

  constructor(gpu: GPU, mode: DeviceMode) {
    this.#gpu = gpu
    this.mode = mode
  }

  get live(): number {
    return this.#live.size
  }
  get kernels(): number {
    return this.#kernels
  }
  get ran(): string | null {
    return this.#ran
  }
  get fallbackReason(): string | null {
    return this.#fallbackReason
  }

  /** `immutable`, so that results do not alias; `precision: 'single'` and `tactic`, so that none is computed in less than float32. */
  kernel(text: string, length: number, functions: readonly string[] = []): DeviceKernel {
    this.#kernels++
    const kernel = this.#gpu.createKernel(text as unknown as KernelFunction, {
      output: [length],
      precision: 'single',
      tactic: 'precision',
      pipeline: true,
      immutable: true,
      dynamicOutput: false,
      functions: functions as unknown as [],
    }) as IKernelRunShortcut & { kernel?: object; fallbackReason?: string | null }
    return (...args) => {
      let data: DeviceData
      try {
        data = kernel(...(args as Parameters<IKernelRunShortcut>)) as DeviceData
      } catch (error) {
        throw new BackendError(`gpujs: gpu.js could not run this kernel in mode ${this.mode}: ${(error as Error).message}\n${text}`)
      }
      this.#live.add(data)
      this.#ran = (kernel.kernel?.constructor as { mode?: string } | undefined)?.mode ?? this.#ran
      this.#fallbackReason ??= kernel.fallbackReason ?? null
      return data
    }
  }

  /** Through an identity kernel: kernels whose arguments are now arrays, now textures, would be compiled anew each time. */
  upload(numbers: Float32Array): DeviceData {
    let upload = this.#uploads.get(numbers.length)
    if (!upload) {
      upload = this.kernel('function(p0) {\n  return p0[this.thread.x];\n}', numbers.length)
      this.#uploads.set(numbers.length, upload)
    }
    return upload(numbers)
  }

  download(data: DeviceData): Float32Array {
    return data instanceof Float32Array ? data : (data.toArray() as Float32Array)
  }

  /** Textures are never collected. */
  delete(data: DeviceData): void {
    if (this.#live.delete(data) && !(data instanceof Float32Array)) data.delete()
  }

  dispose(): void {
    for (const data of this.#live) this.delete(data)
    this.#uploads.clear()
    void this.#gpu.destroy()
  }
}
