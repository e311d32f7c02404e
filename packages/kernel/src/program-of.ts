import type { Kernel } from './kernel.ts'
import type { Program, Step } from './program.ts'

/** The program that runs one kernel: its buffers and scalars are the kernel's. */
export function programOf(kernel: Kernel): Program {
  return {
    buffers: kernel.buffers.map((b) => ({ role: 'external', ...b })),
    scalars: kernel.scalars,
    steps: [{ kind: 'run', kernel, buffers: [...kernel.buffers.keys()], scalars: [...kernel.scalars.keys()] }],
    arenaBytes: 0,
  }
}

/** The kernels of a program in order, those inside of `Repeat` once. */
export function kernelsOf({ steps }: Program): Kernel[] {
  const inside = (step: Step): Kernel[] => (step.kind === 'run' ? [step.kernel] : step.body.flatMap(inside))
  return steps.flatMap(inside)
}
