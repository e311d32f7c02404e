/**
 * Peers are measured side by side: each in its own process, all alive, one at work at a time, in turns. What else the
 * machine does then hits all of them alike, and no peer's compiler or garbage collector is another's noise.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Round, runSteps, type Step } from './round.ts'

interface Failure {
  readonly error: string
}

const flag = '--peer'

/** The peer that this process shall be, or null in the process that measures. */
export const peerNameOf = (argv: readonly string[]): string | null => (argv[2] === flag ? (argv[3] ?? null) : null)

/** In the child: answers each message, a number of steps, with a Round. */
export const serveRounds = (run: (steps: number) => Promise<Round>): void => {
  process.on('message', async (steps: number) => {
    try {
      process.send?.(await run(steps))
    } catch (error) {
      process.send?.({ error: (error as Error).message })
    }
  })
}

export const servePeer = (step: Step): void => serveRounds((steps) => runSteps(step, steps))

/** A peer seen from the parent. */
export class Peer {
  readonly name: string
  private readonly child: ChildProcess

  /** `program` is one of the peers that main.ts knows. */
  constructor(name: string, program: string, args: readonly string[] = []) {
    this.name = name
    this.child = fork(process.argv[1]!, [flag, program, ...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  async run(steps: number): Promise<Round> {
    const ended = new AbortController()
    try {
      if (!this.child.connected) throw new Error(`${this.name}: it ended before it was asked for steps`)
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
