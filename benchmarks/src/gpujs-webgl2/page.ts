/** What runs in a page: `start` makes a step of gpu.js in WebGL 2, and `run` takes some. */
import { gpujsSteps, type Step } from '../gpujs-steps.ts'
import { runTurn, type Turn } from '../round.ts'

declare global {
  var start: (name: string) => Promise<void>
  var run: (turn: Turn) => ReturnType<typeof runTurn>
}

let step: Step
globalThis.start = async (name) => {
  step = await gpujsSteps[name]!('webgl2')
}
globalThis.run = (turn) => runTurn({ step }, turn)
