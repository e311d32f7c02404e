/** Who competes on gpu.js. */
import type { HandMode } from './hand-kernels.ts'
import type { Contender } from './measure.ts'

export type Kind = 'mlp-train' | 'matmul' | 'conv'

export const byHand = (kind: Kind, mode: HandMode): string => `${kind} by hand ${mode}`

/** The kernels written by hand and, held against them, Tenon. */
export const byHandAndTenon = (kind: Kind, mode: HandMode, steps: number, warmUp: number): readonly Contender[] =>
  (['by-hand', 'tenon'] as const).map((who) => {
    const step = `gpujs-${kind}/${who}`
    return {
      name: who === 'tenon' ? `${kind} tenon ${mode}` : byHand(kind, mode),
      ...(mode === 'webgl2' ? { program: 'gpujs-webgl2', args: [step] } : { program: step, args: [mode] }),
      steps,
      warmUp,
      reference: byHand(kind, mode),
    }
  })
