/**
 * What jax-js looks for when it is imported and Node 20 lacks: two iterator helpers, and, for threads, Workers that start from
 * `blob:` URLs and the number of processors, of which it takes all.
 */
import { resolveObjectURL } from 'node:buffer'
import { Worker as NodeWorker } from 'node:worker_threads'
import 'core-js/actual/iterator/filter.js'
import 'core-js/actual/iterator/map.js'
import { threads } from './serve.mjs'

/** A worker's side of the web's messages. */
const prelude = `
  const { parentPort } = require('node:worker_threads')
  globalThis.self = globalThis
  globalThis.postMessage = (message) => parentPort.postMessage(message)
  parentPort.on('message', (data) => self.onmessage({ data }))
`

class Worker {
  onmessage = null
  onerror = null
  /** The text of a Blob comes by a promise, so the worker does too. */
  #worker

  constructor(url) {
    this.#worker = resolveObjectURL(String(url))
      .text()
      .then((text) => {
        const worker = new NodeWorker(prelude + text, { eval: true })
        worker.on('message', (data) => this.onmessage?.({ data }))
        worker.on('error', (error) => this.onerror?.(error))
        return worker
      })
  }

  async postMessage(message) {
    ;(await this.#worker).postMessage(message)
  }
}

if (threads > 1) {
  globalThis.Worker = Worker
  Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: threads }, configurable: true })
}
