import { type Backend, BackendError, type Capabilities, kernelBackend } from '@tenon/kernel'
import { Device, type DeviceMode, type Library } from './device.ts'
import { compileKernel, listing, maxLoop } from './kernels.ts'
import { Memory } from './memory.ts'
import { maxInputs, maxLength } from './units.ts'

/** How gpu.js runs kernels. */
export type GpujsMode = DeviceMode | 'auto'

/** Options of `gpujs`. */
export interface GpujsOptions {
  /**
   * `'auto'`, the default: the first that runs here of webgl2, webgl, webasm and cpu; a WebGL that draws with the CPU is passed over.
   * headlessgl is for those who ask for it.
   */
  readonly mode?: GpujsMode
}

const capabilities: Capabilities = {
  dtypes: ['float32', 'int32', 'uint32', 'bool'],
  threads: 1,
  maxStores: 1,
  maxInputs,
  maxLoop,
  maxLength,
}

/** What each mode needs, for whom it does not run. */
const needs: Readonly<Record<DeviceMode, string>> = {
  webgl2: 'it needs a browser with WebGL 2',
  webgl: 'it needs a browser with WebGL and float textures',
  headlessgl: 'it needs Node with the package gl, compiled for this machine, and a display',
  webasm: 'it needs an engine with WebAssembly',
  cpu: 'it needs an engine that lets code be made from text',
}

/**
 * A backend on gpu.js, which writes each kernel as a JavaScript function that gpu.js turns into a shader, WebAssembly or JavaScript.
 * What gpu.js cannot say is computed on the host; `report().notes` lists it with the reasons.
 *
 * @throws BackendError where the mode does not run here, with what it needs, or gpu.js is not installed
 */
export async function gpujs({ mode = 'auto' }: GpujsOptions = {}): Promise<Backend> {
  if (mode !== 'auto' && !(mode in needs))
    throw new BackendError(`gpujs: there is no mode '${mode}', only auto, ${Object.keys(needs).join(', ')}`)
  const loaded = await load()
  const notes = new Set<string>()
  const device = mode === 'auto' ? firstThatRuns(loaded, notes) : start(loaded, mode)
  return kernelBackend<Memory>({
    name: 'gpujs',
    capabilities,
    allocate: (dtype, length) => new Memory(device, dtype, length),
    free: (memory) => memory.free(),
    write: (memory, data) => memory.setHost(data.slice()),
    read: async (memory) => memory.onHost().slice(),
    readSync: (memory) => memory.onHost().slice(),
    copy: (from, to) => to.copyFrom(from),
    ...(!device.gl && { view: (memory: Memory, start: number, length: number) => memory.view(start, length) }),
    compileKernel: (kernel) => compileKernel(kernel, device, (note) => notes.add(note)),
    listing: (kernel) => listing(kernel, device),
    details: () => ({
      mode: device.ran,
      ...(device.fallbackReason && { fallbackReason: device.fallbackReason }),
      ...(device.renderer && { renderer: device.renderer }),
      textures: device.live,
      compiledKernels: device.compilations,
    }),
    notes: () => [...(device.fallbackReason ? [`gpu.js left mode ${device.mode}: ${device.fallbackReason}`] : []), ...notes],
    dispose: () => device.dispose(),
  })
}

let library: Promise<Library> | null = null

async function load(): Promise<Library> {
  library ??= keepingGlobal(import('gpu.js'))
  try {
    const loaded: Library & { readonly default?: Library } = await library
    // Bundled for a browser it has no names, only a default.
    return loaded.GPU ? loaded : loaded.default!
  } catch (error) {
    library = null
    throw new BackendError(
      `gpujs: gpu.js could not be loaded (${(error as Error).message}). Install it beside this package: npm install gpu.js`,
    )
  }
}

/** In a page gpu.js puts itself in the place of `GPU`, which is WebGPU's. */
async function keepingGlobal(imported: Promise<Library>): Promise<Library> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'GPU')
  try {
    return await imported
  } finally {
    if (before) Object.defineProperty(globalThis, 'GPU', before)
    else Reflect.deleteProperty(globalThis, 'GPU')
  }
}

/** Shaders that the CPU draws are slower than what else it can run. */
const softwareRenderer = /swiftshader|llvmpipe|softpipe|software|basic render/i

function firstThatRuns(gpujs: Library, notes: Set<string>): Device {
  const reasons: string[] = []
  for (const mode of ['webgl2', 'webgl', 'webasm', 'cpu'] as const) {
    try {
      const device = start(gpujs, mode)
      if (!softwareRenderer.test(device.renderer ?? '')) {
        for (const reason of reasons) notes.add(reason)
        return device
      }
      reasons.push(`gpujs: mode '${mode}' was passed over: ${device.renderer} draws with the CPU`)
      device.dispose()
    } catch (error) {
      reasons.push((error as Error).message)
    }
  }
  throw new BackendError(`gpujs: no mode of gpu.js runs here. ${reasons.join('; ')}`)
}

/** gpu.js falls back to other modes by itself, so a mode runs where a kernel says that it ran in it. */
function start(gpujs: Library, mode: DeviceMode): Device {
  const refuse = (reason: string): never => {
    throw new BackendError(`gpujs: mode '${mode}' does not run here: ${needs[mode]} (${reason})`)
  }
  let device: Device
  try {
    device = new Device(gpujs, mode)
    device.probe()
  } catch (error) {
    return refuse((error as Error).message)
  }
  if (device.ran === mode) return device
  const { ran, fallbackReason } = device
  device.dispose()
  return refuse(`gpu.js ran ${ran}${fallbackReason ? `: ${fallbackReason}` : ''}`)
}
