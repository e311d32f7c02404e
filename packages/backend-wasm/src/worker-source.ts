import { abortAt, asleepAt, epochAt, handledAt, leftAt, mailAt, openedAt, signalAt, troubleAt, troubleBytes } from './control.ts'

/** Looks out for another program before it sleeps: some 90 µs, in which it need not be woken for one. */
const looks = 20_000

/**
 * The script of the other threads, in Node, Bun, Deno and browsers, as text: there is no file to place. It takes in kernels as messages, and sleeps until there is
 * one or a program is to be run. A page whose Content-Security-Policy refuses workers from text serves this as a file and passes its address as `workerUrl`.
 */
export const workerSource: string = `'use strict'
const port = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? globalThis
const table = new WebAssembly.Table({ element: 'anyfunc', initial: 64 })
const stall = () => 1 // sleep
let memory, words, walk, thread, handled = 0, epoch, ran = false

function take(message) {
  if (message === 'forget') {
    for (let i = 0; i < table.length; i++) table.set(i, null)
  } else if (message.walker) {
    ({ memory, thread } = message)
    words = new Int32Array(memory.buffer)
    epoch = Atomics.load(words, ${epochAt / 4})
    walk = new WebAssembly.Instance(message.walker, { env: { memory, table, stall } }).exports.walk
  } else {
    for (const [name, kernel] of Object.entries(new WebAssembly.Instance(message.module, { env: { memory } }).exports)) {
      const place = message.first + Number(name.slice(1))
      if (place >= table.length) table.grow(place + 64 - table.length)
      table.set(place, kernel)
    }
  }
}

function tell(word, value) {
  Atomics.store(words, word, value)
  Atomics.notify(words, word)
}

function run() {
  try {
    walk(thread, thread + 1)
  } catch (error) {
    const text = new TextEncoder().encode(String(error)).slice(0, ${troubleBytes})
    new Uint8Array(memory.buffer).set(text, ${troubleAt + 4})
    Atomics.store(words, ${troubleAt / 4}, text.length)
    Atomics.store(words, ${abortAt / 4}, 1)
    Atomics.notify(words, ${openedAt / 4})
  }
  tell(${leftAt / 4} + thread, epoch)
  ran = true
}

function rest(signal) {
  for (let left = ran ? ${looks} : 0; left > 0; left--) if (Atomics.load(words, ${signalAt / 4}) !== signal) return
  ran = false
  Atomics.add(words, ${asleepAt / 4}, 1)
  Atomics.wait(words, ${signalAt / 4}, signal)
  Atomics.sub(words, ${asleepAt / 4}, 1)
}

port.onmessage = ({ data }) => {
  take(data)
  tell(${handledAt / 4} + thread, ++handled)
  for (;;) {
    const signal = Atomics.load(words, ${signalAt / 4})
    if (Atomics.load(words, ${mailAt / 4}) !== handled) return // the next message
    const wanted = Atomics.load(words, ${epochAt / 4})
    if (wanted === epoch) rest(signal)
    else {
      epoch = wanted
      run()
    }
  }
}
`
