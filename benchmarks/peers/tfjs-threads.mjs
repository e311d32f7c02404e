/**
 * Starts the threads of TensorFlow.js's wasm backend in Node. It keeps them for browsers: a flag of its own says so, its workers
 * are started from `blob:` URLs, which Node's Worker cannot load, and it takes no more threads than half the processors that it sees.
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import os from 'node:os'
import workerThreads from 'node:worker_threads'
import * as tf from '@tensorflow/tfjs'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import worker from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js'

const program = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js')

/** Each settles when a worker has loaded the program: a thread that was asked for before starts then. */
const loaded = []

class Worker extends workerThreads.Worker {
  constructor(_url, options) {
    super(worker.wasmWorkerContents.replaceAll('\n', '\\n'), { ...options, eval: true })
    loaded.push(once(this, 'message'))
  }

  /** The first message says where the program is, by a Blob that holds a copy of it. */
  postMessage(message, transfer) {
    super.postMessage(message?.cmd === 'load' ? { ...message, urlOrBlob: program } : message, transfer)
  }
}

export const startThreads = async (threads) => {
  workerThreads.Worker = Worker
  const [processor] = os.cpus()
  os.cpus = () => Array(2 * threads).fill(processor)
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true)
  wasm.setThreadsCount(threads)
  await tf.setBackend('wasm')
  await Promise.all(loaded)
  if (wasm.getThreadsCount() !== threads) throw new Error(`TensorFlow.js started ${wasm.getThreadsCount()} threads instead of ${threads}`)
}
