/** Kernels of the waist as kernels of gpu.js, or on the host where it cannot say them. */
import {
  BackendError,
  type CompiledKernel,
  type DType,
  isFloat,
  type Kernel,
  type LoopKernel,
  reads,
  type TypedArray,
  toLoops,
  writes,
} from '@tenon/kernel'
import { packed, padded } from './arranged.ts'
import type { Device, DeviceData, DeviceKernel } from './device.ts'
import { indexForm, largeIntegers, largestScalar, unfit } from './fits.ts'
import { type HostKernel, hostLines, hostLoops, hostScatter } from './host.ts'
import type { Memory } from './memory.ts'
import { type Rendered, render } from './render.ts'
import { scatterLoops } from './scatter.ts'
import { maxInputs, maxLength, normalized, toUnits, type Unit, type Units } from './units.ts'

/** Longer reductions are split: headlessgl stops at 65,535 iterations. */
export const maxLoop = 4096

/** `note` is told what runs on the host, and why. */
export function compileKernel(kernel: Kernel, device: Device, note: (text: string) => void): CompiledKernel<Memory> {
  const plan = planOf(kernel, device)
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
  const integer = (dtype: DType): boolean => !isFloat(dtype) && dtype !== 'bool'
  const integers = [...reads(kernel), ...writes(kernel)].filter((b) => integer(kernel.buffers[b]!.dtype))
  const integerScalars = [...kernel.scalars.keys()].filter((s) => integer(kernel.scalars[s]!))
  return (buffers, scalars) => {
    const fit = integers.every((b) => buffers[b]!.fits) && integerScalars.every((s) => Math.abs(scalars[s]!) <= largestScalar)
    if (fit) onDevice(buffers, scalars)
    else tooLarge(buffers, scalars)
  }
}

/** The gpu.js kernels of a kernel, as text: `TENON_DEBUG=4`. */
export function listing(kernel: Kernel, device: Device): string {
  const plan = planOf(kernel, device)
  if (typeof plan === 'string') return `// on the host: ${plan}`
  return plan.units
    .map((unit) => render(unit, device))
    .map(({ text, functions }) => [...functions, text].join('\n'))
    .join('\n\n')
}

function loopsOf(kernel: Kernel): LoopKernel | null {
  if (kernel.kind === 'prefixScan' || kernel.kind === 'sort') return null
  const loops = kernel.kind === 'loop' ? kernel : kernel.kind === 'scatter' ? scatterLoops(kernel) : toLoops(kernel)
  return loops && normalized(loops)
}

/** The loops that the device runs for a kernel. */
function sequenceOf(kernel: Kernel, loops: LoopKernel, { caches }: Device): readonly LoopKernel[] {
  const arranged = kernel.kind === 'convolution' ? padded(kernel) : kernel.kind === 'contraction' && caches ? packed(kernel) : null
  // What is read both by the product and after it would be one more argument.
  if (!arranged || reads(arranged.kernel).size > maxInputs) return [loops]
  return [...arranged.copies, toLoops(arranged.kernel)].map(normalized)
}

function planOf(kernel: Kernel, device: Device): Units | string {
  const loops = loopsOf(kernel)
  if (!loops) return `a ${kernel.kind === 'prefixScan' ? 'prefix scan' : kernel.kind}, which independent points cannot say`
  return unfit(loops.stages) ?? toUnits(sequenceOf(kernel, loops, device), maxLoop) ?? indexForm
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
    const rendered = render(unit, device)
    const { text, functions, output, buffers, old } = rendered
    const { length } = params[unit.out]!
    if (length > maxLength)
      throw new BackendError(
        `gpujs: a step of a reduction has ${length} elements, and a buffer holds at most ${maxLength}. Use smaller batches`,
      )
    const inputs = [...buffers.map((b) => params[b]!.length), ...(old ? [length] : [])]
    return { ...rendered, unit, run: device.kernel({ text, functions, output, inputs }) }
  })
  const own = kernel.buffers.length
  return (memory, scalars) => {
    // Loads see memory as it was before the kernel, which is what it keeps until the end.
    const made: (DeviceData | undefined)[] = []
    try {
      for (const { unit, buffers, old, scalars: slots, constants, run } of prepared) {
        const { out } = unit
        const earlier = made[out]
        const args: (DeviceData | number)[] = []
        for (const b of buffers) args.push(b < own ? memory[b]!.onDevice() : made[b]!)
        if (old) args.push(earlier ?? memory[out]!.onDevice())
        for (const slot of slots) args.push(Math.fround(scalars[slot]!))
        for (const constant of constants) args.push(constant)
        made[out] = run(args)
        if (earlier) device.delete(earlier)
      }
      made.forEach((data, b) => {
        if (b >= own) return
        memory[b]!.setDevice(data!)
        delete made[b]
      })
    } finally {
      made.forEach((data) => device.delete(data!))
    }
  }
}
