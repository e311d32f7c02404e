/** The content of a buffer: on the device, on the host, or both, moved when it is asked for. */
import { BackendError, type DType, dtypes, isFloat, type TypedArray } from '@tenon/kernel'
import type { Device, DeviceData } from './device.ts'
import { largestStored } from './fits.ts'
import { maxLength } from './units.ts'

export class Memory {
  readonly dtype: DType
  readonly length: number
  readonly #device: Device
  #host: TypedArray | null = null
  #data: DeviceData | null = null
  #fits: boolean | null = null

  constructor(device: Device, dtype: DType, length: number) {
    if (length > maxLength) {
      const why = 'gpu.js counts places in float32, which is exact to 2^23'
      throw new BackendError(
        `gpujs: ${length} elements are too many for a buffer, which holds at most ${maxLength}: ${why}. Use smaller batches`,
      )
    }
    this.#device = device
    this.dtype = dtype
    this.length = length
  }

  /** Whether float32 holds what is in it, and what kernels make of it (see fits.ts). What kernels wrote does. */
  get fits(): boolean {
    if (isFloat(this.dtype) || this.dtype === 'bool' || !this.#host) return true
    this.#fits ??= this.#host.every((x: number) => Math.abs(x) <= largestStored)
    return this.#fits
  }

  onDevice(): DeviceData {
    this.#data ??= this.#device.upload(this.#floats())
    return this.#data
  }

  /** gpu.js knows no empty arrays. */
  #floats(): Float32Array {
    if (!this.#host?.length) return new Float32Array(Math.max(1, this.length))
    return this.#host instanceof Float32Array ? this.#host : new Float32Array(this.#host)
  }

  /** Not to be changed. */
  onHost(): TypedArray {
    this.#host ??= this.#downloaded()
    return this.#host
  }

  #downloaded(): TypedArray {
    const host = new dtypes[this.dtype].array(this.length)
    if (!this.#data || this.length === 0) return host
    const numbers = this.#device.download(this.#data)
    if (host instanceof Float32Array) return numbers
    host.set(numbers)
    return host
  }

  setHost(content: TypedArray): void {
    this.free()
    this.#host = content
  }

  copyFrom(other: Memory): void {
    this.free()
    this.#host = other.#host
    this.#fits = other.#fits
    this.#data = other.#data && this.#device.share(other.#data)
  }

  setDevice(data: DeviceData): void {
    this.free()
    this.#data = data
  }

  free(): void {
    if (this.#data) this.#device.delete(this.#data)
    this.#data = null
    this.#host = null
    this.#fits = null
  }
}
