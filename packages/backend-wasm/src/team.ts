/**
 * The other threads. They are started when the first program is worth it, sleep between programs, and have the same kernels at the same places of a
 * table of their own. Until they are ready, and when they cannot be had, one thread runs all shares, with the same results.
 */
import { BackendError } from '@tenon/kernel'
import type { Worth } from './commands.ts'
import { abortAt, arrivedAt, asleepAt, epochAt, handledAt, leftAt, mailAt, openedAt, signalAt, sleepersAt, troubleAt } from './control.ts'
import { patience, type Walk } from './walker.ts'
import { workerSource } from './worker-source.ts'

/** A module with kernels: `k0`, `k1`, … go to the table from `first` on. */
export interface Load {
  readonly module: WebAssembly.Module
  readonly first: number
}

export type Message =
  | { readonly memory: WebAssembly.Memory; readonly walker: WebAssembly.Module; readonly thread: number }
  | Load
  | 'forget'

/** What Node's workers and those of browsers have in common. */
interface Thread {
  postMessage(message: Message): void
  terminate(): unknown
}

type Ended = (reason: string) => void

interface NodeWorker extends Thread {
  unref(): void
  on(event: 'error' | 'exit', listener: (what: unknown) => void): void
}
interface WebWorker extends Thread {
  onerror: ((event: { readonly message?: string; preventDefault?(): void }) => void) | null
}
interface Globals {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly Worker: new (url: URL, options: object) => NodeWorker } | undefined
  }
  readonly Worker?: new (url: string | URL) => WebWorker
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly crossOriginIsolated?: boolean
}
const globals = globalThis as Globals

/** Threads for whom nothing else is said: one for each core, as far as that has been seen to help. */
export const usualThreads = (): number => Math.max(1, Math.min(8, globals.navigator?.hardwareConcurrency ?? coresOfNode()))

function coresOfNode(): number {
  const os = globals.process?.getBuiltinModule?.('node:os') as { availableParallelism?(): number } | undefined
  return os?.availableParallelism?.() ?? 1
}

/** Why there can be no threads here; null where there can. */
export function threadObstacle(): string | null {
  if (typeof SharedArrayBuffer === 'undefined' || globals.crossOriginIsolated === false) {
    return 'the page is not cross-origin isolated, so it has no SharedArrayBuffer (it is with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)'
  }
  if (!globals.Worker && !globals.process?.getBuiltinModule?.('node:worker_threads')) return 'there are no workers here'
  return null
}

/** Node's workers, which Bun and Deno have too. They keep the process alive no longer, and take no flags of it that load other things first. */
function startNode(url: URL, ended: Ended): Thread {
  const { Worker } = globals.process!.getBuiltinModule!('node:worker_threads')!
  const worker = new Worker(url, { name: 'tenon', execArgv: [] })
  worker.unref()
  worker.on('error', (error) => ended(String(error)))
  worker.on('exit', (code) => ended(`it ended with code ${code}`))
  return worker
}

function startWeb(url: string | URL, ended: Ended): Thread {
  const worker = new globals.Worker!(url)
  worker.onerror = (event) => {
    event.preventDefault?.()
    ended(event.message || 'the page refused it: the worker-src of a Content-Security-Policy needs blob:, or pass `workerUrl`')
  }
  return worker
}

function startThread(workerUrl: string | URL | null, ended: Ended): Thread {
  if (globals.process?.getBuiltinModule?.('node:worker_threads'))
    return startNode(new URL(workerUrl ?? `data:text/javascript,${encodeURIComponent(workerSource)}`), ended)
  ownUrl ??= URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  return startWeb(workerUrl ?? ownUrl, ended)
}

/** The script's address in browsers. */
let ownUrl: string | null = null

/** The main thread of a page may not sleep. */
function maySleep(words: Int32Array): boolean {
  try {
    Atomics.wait(words, signalAt / 4, -1, 0)
    return true
  } catch {
    return false
  }
}

export interface TeamOptions {
  readonly memory: WebAssembly.Memory
  readonly threads: number
  readonly walker: WebAssembly.Module
  readonly workerUrl: string | URL | null
  readonly worth: Worth
  /** Milliseconds without a sign of another thread after which it is taken for dead; the time of the program so far is added four times. */
  readonly patience: number
}

/** Programs that begin within so many milliseconds of the last one's end are quick, and so many of them, one after the other, are worth waking for. */
const quickly = 0.03
const manyQuick = 16

/** Milliseconds for workers that are there to take in new kernels. */
const loadingTime = 50

export class Team {
  readonly #options: TeamOptions
  readonly #words: Int32Array
  readonly #maySleep: boolean
  readonly #workers: Thread[] = []
  #mail: Message[] = []
  #state: 'none' | 'started' | 'gone' = 'none'
  #reason: string | null = null
  /** An end that nobody has been told of. */
  #news: string | null = null
  /** When the last program that could be shared ended, and how many of them now were quick. */
  #ended = -Infinity
  #quick = 0
  #waiting = { began: 0, since: 0, last: 0, opened: -1 }

  constructor(options: TeamOptions) {
    this.#options = options
    this.#words = new Int32Array(options.memory.buffer)
    this.#maySleep = maySleep(this.#words)
  }

  /** In words: what the other threads are doing. */
  get state(): string {
    if (this.#state === 'started') return this.#handled(1) ? 'running' : 'starting'
    return this.#state === 'none' ? 'not needed yet' : 'none'
  }

  /** Why the threads that were asked for are not there; null where they are, or may still come. */
  get reason(): string | null {
    return this.#reason
  }

  /**
   * Whether a program is for all threads: a large one, or a smaller one while they still look out for it after the last. They are woken for smaller ones,
   * too, when many have come in quick succession.
   */
  isFor(sharedTime: number): boolean {
    const { waking, sharing } = this.#options.worth
    if (sharedTime < sharing) return false
    this.#quick = performance.now() - this.#ended < quickly ? this.#quick + 1 : 0
    if (sharedTime >= waking) return true
    if (this.#quick < manyQuick) return this.#state === 'started' && this.#load(asleepAt) === 0
    this.start()
    return true
  }

  /** A program has ended, whether it was for all threads or not. */
  ended(sharedTime: number): void {
    if (sharedTime >= this.#options.worth.sharing) this.#ended = performance.now()
  }

  start(): void {
    if (this.#state !== 'none') return
    this.#state = 'started'
    const { memory, threads, walker, workerUrl } = this.#options
    this.#count(mailAt, 1 + this.#mail.length)
    for (let thread = 1; thread < threads; thread++) {
      try {
        const worker = startThread(workerUrl, (reason) => this.#gone(thread, reason))
        this.#workers.push(worker)
        worker.postMessage({ memory, walker, thread })
        for (const message of this.#mail) worker.postMessage(message)
      } catch (error) {
        this.#gone(thread, String(error))
        return
      }
    }
  }

  load(load: Load): void {
    this.#post(load)
  }

  /** All kernels are dropped. */
  forget(): void {
    this.#mail = []
    if (this.#state === 'started') this.#post('forget')
  }

  /** Whether all threads have all kernels. Waits a moment for those that are there and still take them in. Throws when one has ended since. */
  ready(): boolean {
    if (this.#news !== null) {
      const reason = this.#news
      this.#news = null
      throw new BackendError(`wasm: ${reason}. The program was not begun. What runs from now on runs on one thread, with the same results`)
    }
    if (this.#state !== 'started' || !this.#handled(1)) return false
    const deadline = performance.now() + loadingTime
    const all = this.#load(mailAt)
    while (!this.#handled(all)) {
      if (performance.now() > deadline) return false
      this.#pause(handledAt + 4)
    }
    return true
  }

  /** Runs the job with every thread. Throws when it was given up, after all threads that live have left it. */
  run(walk: Walk): void {
    const epoch = this.#count(epochAt, 1)
    this.#waiting = { began: performance.now(), since: 0, last: 0, opened: -1 }
    this.#wake()
    let trap: unknown = null
    try {
      if (walk(0, 1) === 0) return
    } catch (error) {
      trap = error
      Atomics.store(this.#words, abortAt / 4, 1)
      Atomics.notify(this.#words, openedAt / 4)
    }
    const silent = this.#silent(epoch)
    const trouble = trap === null ? this.#trouble() : String(trap)
    for (const at of [arrivedAt, sleepersAt, abortAt]) Atomics.store(this.#words, at / 4, 0)
    if (silent !== null) {
      this.stop(`thread ${silent + 1} of ${this.#options.threads} does not answer`)
      throw new BackendError(`wasm: ${this.#reason}. ${unfinished}. What runs from now on runs on one thread, with the same results`)
    }
    throw trapped(trouble)
  }

  /** For the walker: what a main thread does that has waited for long. */
  readonly stall = (): number => {
    const now = performance.now()
    const waiting = this.#waiting
    const opened = this.#load(openedAt)
    if (opened !== waiting.opened) waiting.since = now
    // The machine slept, and not only this thread.
    else if (now - waiting.last > 1000) waiting.since += now - waiting.last
    waiting.last = now
    waiting.opened = opened
    if (now - waiting.since > this.#options.patience + 4 * (waiting.since - waiting.began)) return patience.giveUp
    return this.#maySleep ? patience.sleep : patience.look
  }

  stop(reason: string): void {
    this.#state = 'gone'
    this.#reason = reason
    this.#mail = []
    for (const worker of this.#workers.splice(0)) worker.terminate()
  }

  #post(message: Message): void {
    if (this.#state === 'gone') return
    if (message !== 'forget') this.#mail.push(message)
    if (this.#state !== 'started') return
    this.#count(mailAt, 1)
    for (const worker of this.#workers) worker.postMessage(message)
    this.#wake()
  }

  #gone(thread: number, reason: string): void {
    if (this.#state !== 'started') return
    const wasThere = this.#load(handledAt + 4 * thread) > 0
    const what = `thread ${thread + 1} of ${this.#options.threads} ${wasThere ? 'has ended' : 'could not be started'} (${reason})`
    if (wasThere) this.#news = what
    this.stop(what)
  }

  /** The first of the threads that has not left the program, when all patience is over. */
  #silent(epoch: number): number | null {
    const deadline = performance.now() + this.#options.patience
    for (let thread = 1; thread < this.#options.threads; thread++) {
      const at = leftAt + 4 * thread
      while (this.#load(at) !== epoch) {
        if (performance.now() > deadline) return thread
        this.#pause(at)
      }
    }
    return null
  }

  #trouble(): string {
    const length = this.#load(troubleAt)
    const bytes = new Uint8Array(this.#words.buffer, troubleAt + 4, length)
    return new TextDecoder().decode(bytes.slice())
  }

  #handled(messages: number): boolean {
    for (let thread = 1; thread < this.#options.threads; thread++) if (this.#load(handledAt + 4 * thread) < messages) return false
    return true
  }

  #load(at: number): number {
    return Atomics.load(this.#words, at / 4)
  }

  #count(at: number, by: number): number {
    return Atomics.add(this.#words, at / 4, by) + by
  }

  #wake(): void {
    this.#count(signalAt, 1)
    if (this.#load(asleepAt) > 0) Atomics.notify(this.#words, signalAt / 4)
  }

  #pause(at: number): void {
    if (this.#maySleep) Atomics.wait(this.#words, at / 4, this.#load(at), 1)
  }
}

const unfinished = 'The program was not finished, and variables are as they were before it'

export const trapped = (reason: string): BackendError => new BackendError(`wasm: a program failed (${reason}). ${unfinished}`)
