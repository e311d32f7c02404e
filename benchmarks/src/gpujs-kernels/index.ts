/** The kernels that take the time of larger nets, on gpu.js: a product of matrices, and a convolution with its gradients. */
import { byHandAndTenon } from '../gpujs-contenders.ts'
import { measure, type PeerResult } from '../measure.ts'

const turns = 6
const modes = ['cpu', 'webasm'] as const
const contenders = [
  ...modes.flatMap((mode) => byHandAndTenon('matmul', mode, 3, 10)),
  ...modes.flatMap((mode) => byHandAndTenon('conv', mode, 6, 30)),
]

export const gpujsKernels = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> =>
  measure(contenders, rounds, say, turns)
