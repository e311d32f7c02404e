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
  /** Whether nobody else holds the arrays. */
  #own = true

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

  setDevice(data: DeviceData): void {
    this.free()
    this.#data = data
  }

  copyFrom(other: Memory): void {
    const { host, data } = other.shared()
    this.free()
    this.#host = host
    this.#data = data
    this.#own = false
  }

  /** What it holds, for one more memory. */
  shared(): { readonly host: TypedArray | null; readonly data: DeviceData | null } {
    this.#own = false
    return { host: this.#host, data: this.#data && this.#device.share(this.#data) }
  }

  /** Elements from `start` on. What is written to them is written here. Only where data are arrays. */
  view(start: number, length: number): Memory {
    return new View(this.#device, this, start, this.dtype, length)
  }

  /** Overwrites elements from `start` on. */
  put(start: number, content: TypedArray): void {
    if (!(content instanceof Float32Array && this.fits)) {
      const host = this.onHost().slice()
      host.set(content, start)
      this.setHost(host)
      return
    }
    if (!this.#own) this.setDevice(this.#device.upload((this.onDevice() as Float32Array).slice()))
    const data = this.onDevice() as Float32Array
    data.set(content, start)
    if (this.#host !== data) this.#host = null
  }

  free(): void {
    if (this.#data) this.#device.delete(this.#data)
    this.#data = null
    this.#host = null
    this.#fits = null
    this.#own = true
  }
}

/** Elements of another memory. */
class View extends Memory {
  readonly #device: Device
  readonly #of: Memory
  readonly #start: number

  constructor(device: Device, of: Memory, start: number, dtype: DType, length: number) {
    super(device, dtype, length)
    this.#device = device
    this.#of = of
    this.#start = start
  }

  override get fits(): boolean {
    return this.#of.fits
  }
  override onDevice(): DeviceData {
    return (this.#of.onDevice() as Float32Array).subarray(this.#start, this.#start + Math.max(1, this.length))
  }
  override onHost(): TypedArray {
    return this.#of.onHost().subarray(this.#start, this.#start + this.length)
  }
  override setHost(content: TypedArray): void {
    this.#of.put(this.#start, content)
  }
  override setDevice(data: DeviceData): void {
    this.#of.put(this.#start, data as Float32Array)
    this.#device.delete(data)
  }
  override copyFrom(other: Memory): void {
    this.#of.put(this.#start, other.onHost())
  }
  override shared(): { readonly host: TypedArray; readonly data: null } {
    return { host: this.onHost().slice(), data: null }
  }
  override put(start: number, content: TypedArray): void {
    this.#of.put(this.#start + start, content)
  }
  /** What it shows stays. */
  override free(): void {}
}
