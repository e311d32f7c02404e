/** The kernels that take the time of larger nets, on gpu.js: a product of matrices, and a convolution with its gradients. */
import { type Contender, measure, type PeerResult } from '../measure.ts'

const modes = ['cpu', 'webasm'] as const
const kinds = { matmul: 3, conv: 6 } as const
const turns = 6

const contenders: readonly Contender[] = Object.entries(kinds).flatMap(([kind, steps]) =>
  modes.flatMap((mode): Contender[] => {
    const reference = `${kind} by hand ${mode}`
    return [
      { name: reference, program: `gpujs-${kind}/by-hand`, args: [mode], steps, reference },
      { name: `${kind} tenon ${mode}`, program: `gpujs-${kind}/tenon`, args: [mode], steps, reference },
    ]
  }),
)

export const gpujsKernels = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> =>
  measure(contenders, rounds, say, turns)
