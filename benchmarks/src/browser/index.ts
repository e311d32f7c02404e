/** The training steps on gpu.js in Chromium, in WebGL 2: on the machine's GPU, or in software where it has none. */
import { type Contender, measure, type PeerResult } from '../measure.ts'

const steps = { 'mlp-train': 20, matmul: 2, conv: 4 } as const

const contenders: readonly Contender[] = Object.entries(steps).flatMap(([kind, steps]) => {
  const reference = `${kind} by hand webgl2`
  return [
    { name: reference, program: 'gpujs-webgl2', args: [`gpujs-${kind}/by-hand`], steps, reference },
    { name: `${kind} tenon webgl2`, program: 'gpujs-webgl2', args: [`gpujs-${kind}/tenon`], steps, reference },
  ]
})

export const gpujsWebgl2 = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> => measure(contenders, rounds, say)
