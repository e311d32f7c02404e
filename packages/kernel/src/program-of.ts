import type { Kernel } from './kernel.ts'
import type { Program } from './program.ts'

/** The program that runs one kernel: its buffers and scalars are the kernel's. */
export function programOf(kernel: Kernel): Program {
  return {
    buffers: kernel.buffers.map((b) => ({ role: 'external', ...b })),
    scalars: kernel.scalars,
    steps: [{ kind: 'run', kernel, buffers: [...kernel.buffers.keys()], scalars: [...kernel.scalars.keys()] }],
    arenaBytes: 0,
  }
}
