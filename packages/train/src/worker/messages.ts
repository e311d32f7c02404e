/** What passes between a page and the worker that trains for it. All of it survives a structured clone. */

/** A call that is answered once: of `start`, or of one of the requests. */
export interface Call {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

/** An error loses its class in a structured clone, so it travels in parts. */
export interface ErrorParts {
  readonly name: string
  readonly message: string
  readonly stack: string
}

export type ToWorker = { readonly call: Call } | { readonly control: 'pause' | 'resume' | 'stop' }

export type FromWorker =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorParts }
  | { readonly reports: readonly unknown[] }
  /** The name of a Web Lock that the worker holds for as long as it lives. */
  | { readonly lifeLock: string }

/** What the two sides need of each other: a Worker, the scope inside one, or a MessagePort that was started. */
export interface MessageEnd {
  postMessage(message: unknown): void
  addEventListener(type: string, listener: (event: Event) => void): void
}
