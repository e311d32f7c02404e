/**
 * Peers are measured side by side: each in its own process, all alive, one at work at a time, in turns. What else the
 * machine does then hits all of them alike, and no peer's compiler or garbage collector is another's noise.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type PeerStep, type Round, runTurn, type Turn } from './round.ts'

/** What to start. It gets an IPC channel, as lines of JSON, on which it answers a Turn with a Round. */
export interface PeerProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Failure {
  readonly error: string
}

const flag = '--peer'

/** This same program, told to be a peer. */
export const ownPeer = (...args: readonly string[]): PeerProgram => ({
  command: process.execPath,
  args: [process.argv[1]!, flag, ...args],
})

/** What `ownPeer` told this process, or null in the process that measures. */
export const peerArguments = (argv: readonly string[]): readonly string[] | null => (argv[2] === flag ? argv.slice(3) : null)

/** In the child: answers each message. */
export const serveRounds = (run: (turn: Turn) => Promise<Omit<Round, 'rssMb'>>): void => {
  process.on('message', async (turn: Turn) => {
    try {
      process.send?.({ ...(await run(turn)), rssMb: Math.round(process.resourceUsage().maxRSS / 1024) })
    } catch (error) {
      process.send?.({ error: (error as Error).message })
    }
  })
}

export const servePeer = (peer: PeerStep): void => serveRounds((turn) => runTurn(peer, turn))

/** A peer seen from the parent. */
export class Peer {
  readonly name: string
  private readonly child: ChildProcess
  private failed: string | null = null

  constructor(name: string, { command, args, env = {} }: PeerProgram) {
    this.name = name
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.child.once('error', (error) => (this.failed = error.message))
  }

  async run(turn: Turn): Promise<Round> {
    const ended = new AbortController()
    const { signal } = ended
    try {
      if (this.failed !== null || !this.child.connected) throw new Error(`${this.name}: ${this.failed ?? 'it ended before it was asked'}`)
      this.child.send(turn)
      const answer = await Promise.race([
        once(this.child, 'message', { signal }).then(([message]) => message as Round | Failure),
        once(this.child, 'exit', { signal }).then(
          ([code, killer]): Failure => ({ error: `it ended with ${killer ?? `exit code ${code}`}` }),
        ),
      ])
      if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`)
      return answer
    } finally {
      ended.abort()
    }
  }

  stop(): void {
    this.child.kill('SIGKILL')
  }
}
