/** The training steps on gpu.js in Chromium, in WebGL 2: on the machine's GPU, or in software where it has none. */
import { byHandAndTenon } from '../gpujs-contenders.ts'
import { measure, type PeerResult } from '../measure.ts'

const contenders = [
  ...byHandAndTenon('mlp-train', 'webgl2', 20, 20),
  ...byHandAndTenon('matmul', 'webgl2', 1, 0),
  ...byHandAndTenon('conv', 'webgl2', 2, 0),
]

export const gpujsWebgl2 = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> => measure(contenders, rounds, say)
