/** Kernels of the waist as kernels of gpu.js, or on the host where it cannot say them. */
import { BackendError, type CompiledKernel, type Kernel, type LoopKernel, reads, type TypedArray, toLoops, writes } from '@tenon/kernel'
import type { Device, DeviceData, DeviceKernel } from './device.ts'
import { indexForm, largeIntegers, largestScalar, unfit } from './fits.ts'
import { type HostKernel, hostLines, hostLoops, hostScatter } from './host.ts'
import type { Memory } from './memory.ts'
import { type Rendered, render } from './render.ts'
import { scatterLoops } from './scatter.ts'
import { maxLength, normalized, toUnits, type Unit, type Units } from './units.ts'

/** Longer reductions are split: headlessgl stops at 65,535 iterations. */
export const maxLoop = 4096

/** `note` is told what runs on the host, and why. */
export function compileKernel(kernel: Kernel, device: Device, note: (text: string) => void): CompiledKernel<Memory> {
  const plan = planOf(kernel)
  let onHost: HostKernel | null = null
  const runHost = (reason: string): CompiledKernel<Memory> => {
    const written = [...writes(kernel)]
    return (buffers, scalars) => {
      note(`${reason}: computed on the host`)
      onHost ??= hostKernel(kernel)
      const results = new Map<number, TypedArray>(written.map((b) => [b, buffers[b]!.onHost().slice()]))
      onHost(
        buffers.map((memory, b) => results.get(b) ?? memory.onHost()),
        scalars,
      )
      for (const [b, content] of results) buffers[b]!.setHost(content)
    }
  }
  if (typeof plan === 'string') return runHost(plan)
  const onDevice = runUnits(kernel, plan, device)
  const tooLarge = runHost(largeIntegers)
  const read = [...reads(kernel), ...writes(kernel)]
  return (buffers, scalars) => {
    const fits =
      read.every((b) => buffers[b]!.fits) &&
      kernel.scalars.every((dtype, s) => dtype === 'float32' || dtype === 'bool' || Math.abs(scalars[s]!) <= largestScalar)
    if (fits) onDevice(buffers, scalars)
    else tooLarge(buffers, scalars)
  }
}

/** The gpu.js kernels of a kernel, as text: `TENON_DEBUG=4`. */
export function listing(kernel: Kernel, device: Device): string {
  const plan = planOf(kernel)
  if (typeof plan === 'string') return `// on the host: ${plan}`
  return plan.units
    .map((unit) => render(unit, device.gl))
    .map(({ text, functions }) => [...functions, text].join('\n'))
    .join('\n\n')
}

function loopsOf(kernel: Kernel): LoopKernel | null {
  if (kernel.kind === 'prefixScan' || kernel.kind === 'sort') return null
  const loops = kernel.kind === 'loop' ? kernel : kernel.kind === 'scatter' ? scatterLoops(kernel) : toLoops(kernel)
  return loops && normalized(loops)
}

function planOf(kernel: Kernel): Units | string {
  const loops = loopsOf(kernel)
  if (!loops) return `a ${kernel.kind === 'prefixScan' ? 'prefix scan' : kernel.kind}, which independent points cannot say`
  return unfit(loops.stages) ?? toUnits(loops, maxLoop) ?? indexForm
}

function hostKernel(kernel: Kernel): HostKernel {
  if (kernel.kind === 'scatter') return hostScatter(kernel)
  return 'out' in kernel ? hostLines(kernel) : hostLoops(loopsOf(kernel)!)
}

interface Prepared extends Rendered {
  readonly unit: Unit
  readonly run: DeviceKernel
}

function runUnits(kernel: Kernel, { buffers: params, units }: Units, device: Device): CompiledKernel<Memory> {
  const prepared = units.map((unit): Prepared => {
    const rendered = render(unit, device.gl)
    const { text, functions, buffers, old } = rendered
    const { length } = params[unit.out]!
    if (length > maxLength)
      throw new BackendError(
        `gpujs: a step of a reduction has ${length} elements, and a buffer holds at most ${maxLength}. Use smaller batches`,
      )
    const inputs = [...buffers.map((b) => params[b]!.length), ...(old ? [length] : [])]
    return { ...rendered, unit, run: device.kernel({ text, functions, length, inputs }) }
  })
  return (memory, scalars) => {
    const made = new Map<number, DeviceData>()
    // Loads see memory as it was before the kernel, which is what it keeps until the end.
    const before = (b: number): DeviceData => (b < kernel.buffers.length ? memory[b]!.onDevice() : made.get(b)!)
    try {
      for (const p of prepared) {
        const { out } = p.unit
        const earlier = made.get(out)
        const old = p.old ? [earlier ?? memory[out]!.onDevice()] : []
        const numbers = [...p.scalars.map((s) => Math.fround(scalars[s]!)), ...p.constants]
        const data = p.run(...p.buffers.map(before), ...old, ...numbers)
        if (earlier) device.delete(earlier)
        made.set(out, data)
      }
      for (const [b, data] of made) {
        if (b < kernel.buffers.length) memory[b]!.setDevice(data)
        else device.delete(data)
        made.delete(b)
      }
    } finally {
      for (const data of made.values()) device.delete(data)
    }
  }
}
