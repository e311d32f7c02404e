/** What runs in a page: `start` makes a step of gpu.js in WebGL 2, and `run` takes some. */
import { gpujsSteps } from '../gpujs-steps.ts'
import { type Round, runSteps, type Step } from '../round.ts'

declare global {
  var start: (name: string) => Promise<void>
  var run: (steps: number) => Promise<Round>
}

let step: Step
globalThis.start = async (name) => {
  step = await gpujsSteps[name]!('webgl2')
}
globalThis.run = (steps) => runSteps(step, steps)
