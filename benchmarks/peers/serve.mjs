/**
 * A peer's side of `pnpm bench`, which starts it as `node SYSTEM.mjs WORKLOAD THREADS INPUTS.safetensors [MODE]` with an IPC
 * channel, and asks it for turns: `{ ms, atLeast }` is answered by `{ times, losses, rssMb }` or by `{ error }`.
 */
import { readInputs } from './inputs.mjs'

const [, , name, threadCount, path, mode] = process.argv
export const threads = Number(threadCount)
export { mode }

/**
 * One workload in the hands of one library.
 * @typedef {object} Peer
 * @property {(i: number) => unknown} step the i-th step; in training it gives the loss before the update, or a promise of it
 * @property {() => number | Promise<number>} [check] where nothing is trained: what is compared of the last step's output
 */

/**
 * A library's workloads by name. One for any size, such as `matmul-256`, stands there without it, and is told it.
 * @typedef {Record<string, (inputs: ReturnType<typeof readInputs>, size: number) => Peer | Promise<Peer>>} Workloads
 */

/** @param {Workloads} workloads */
const makePeer = async (workloads) => {
  const [, family, size] = name.match(/^(.+)-(\d+)$/) ?? []
  const make = workloads[name] ?? workloads[family]
  if (make === undefined) throw new Error(`it has no workload ${name}; it has ${Object.keys(workloads).join(', ')}`)
  return make(readInputs(path), Number(size))
}

/** Serves the workload that the command line names. @param {Workloads} workloads */
export const serveWorkload = (workloads) => {
  const peer = makePeer(workloads)
  peer.catch(() => {}) // Its error is the answer to every message, and there may be none yet.
  let steps = 0
  /** Whole steps until `ms` have passed and `atLeast` are done. */
  const takeTurn = async ({ ms, atLeast }) => {
    const { step, check } = await peer
    const [times, losses] = [[], []]
    const began = performance.now()
    while (times.length < atLeast || performance.now() - began < ms) {
      const start = performance.now()
      const loss = await step(steps++)
      times.push(performance.now() - start)
      if (check === undefined) losses.push(loss)
    }
    if (check !== undefined && times.length > 0) losses.push(await check())
    return { times, losses, rssMb: Math.round(process.resourceUsage().maxRSS / 1024) }
  }
  process.on('message', async (turn) => {
    process.send(await takeTurn(turn).catch((error) => ({ error: error?.message ?? String(error) })))
  })
  process.on('disconnect', () => process.exit())
}
