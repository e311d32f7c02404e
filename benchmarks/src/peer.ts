/**
 * Peers are measured side by side: each in its own process, all alive, one at work at a time, in turns. What else the
 * machine does then hits all of them alike, and no peer's compiler or garbage collector is another's noise.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Round {
  /** Time of each step in milliseconds. */
  readonly times: readonly number[]
  readonly losses: readonly number[]
}

interface Failure {
  readonly error: string
}

/** In the child: answers each message, a number of steps, with a Round. */
export const servePeer = (step: () => Promise<number>): void => {
  process.on('message', async (steps: number) => {
    const round = { times: [] as number[], losses: [] as number[] }
    try {
      for (let i = 0; i < steps; i++) {
        const began = performance.now()
        round.losses.push(await step())
        round.times.push(performance.now() - began)
      }
      process.send?.(round)
    } catch (error) {
      process.send?.({ error: (error as Error).message })
    }
  })
}

/** A peer seen from the parent. */
export class Peer {
  readonly name: string
  private readonly child: ChildProcess

  /** `module` is the child's file, beside the caller and without its ending, which depends on whether this was built. */
  constructor(name: string, module: URL, args: readonly string[] = []) {
    this.name = name
    const file = fileURLToPath(module) + extname(fileURLToPath(import.meta.url))
    this.child = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  async run(steps: number): Promise<Round> {
    const ended = new AbortController()
    try {
      this.child.send(steps)
      const answer = await Promise.race([
        once(this.child, 'message', { signal: ended.signal }).then(([message]) => message as Round | Failure),
        once(this.child, 'exit', { signal: ended.signal }).then(([code]): Failure => ({ error: `it ended with exit code ${code}` })),
      ])
      if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`)
      return answer
    } finally {
      ended.abort()
    }
  }

  stop(): void {
    this.child.kill()
  }
}
