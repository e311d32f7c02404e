/**
 * Where values lie. JavaScript cannot tell which handles are still held, so device memory is bounded without asking: what a run did not
 * touch leaves it after the next one. Where it can be computed again it is let go of, a few of the youngest excepted; everything else moves to
 * JavaScript's heap, where the garbage collector sees it.
 */
import { type Backend, BackendError, type BufferHandle, Chain, dtypes, type TypedArray, UnsupportedError } from '@tenon/kernel'
import { hostStorage, type LeafAttrs, type Node, Storage } from './node.ts'
import type { VariableMemory, VariableState } from './variable-state.ts'

let runs = 0
/** What lies on a device and was used by a program of late, the longest unused first: all but variables, and what a step left behind. */
const used = new Chain<Storage>()
/** What could be computed again and stays as long as there is room, the oldest first. */
const spare = new Chain<Storage>()
const mostSpare = 64
const mostSpareBytes = 16 * 2 ** 20
/** Forward values and gradients that the last step left behind. */
let passing: Node[] = []

function touch(storage: Storage): void {
  if (storage.passing || (storage.lastUse === runs && storage.chain === used)) return
  storage.lastUse = runs
  used.add(storage)
}

export const bytesOf = ({ size, dtype }: Node): number => size * dtypes[dtype].bytes

/** The buffer of a leaf on this backend, uploaded if need be. */
export function deviceBuffer(node: Node, backend: Backend): BufferHandle {
  if (node.op === 'variable' && !node.storage) return (node.attrs as LeafAttrs['variable']).state.memory.buffer!
  const storage = recovered(node)
  if (storage.device && storage.device.backend !== backend) {
    storage.host ??= readNow(storage.device.backend, storage.device.buffer)
    release(storage)
  }
  if (!storage.device) {
    const buffer = backend.allocate(node.dtype, node.size)
    backend.write(buffer, storage.host!)
    storage.device = { backend, buffer }
  }
  touch(storage)
  return storage.device!.buffer
}

/** The storage of a value that has one, in the heap or on a device: computed again where it was let go of. */
export function recovered({ storage, backend }: Node): Storage {
  if (!storage!.host && !storage!.device) {
    storage!.device = { backend: backend!, buffer: storage!.again!() }
    putBy(storage!)
  }
  return storage!
}

/** The youngest stays in any case. */
function putBy(storage: Storage): void {
  spare.add(storage)
  while (spare.size > mostSpare || (spare.bytes > mostSpareBytes && spare.size > 1)) unlessDisposed(spare.first!, release)
}

/** Gives a node its computed value. */
export function settle(node: Node, backend: Backend, buffer: BufferHandle, isPassing: boolean, again: Storage['again'] = null): void {
  const storage = new Storage(null, bytesOf(node), isPassing, again)
  storage.device = { backend, buffer }
  node.storage = storage
  if (isPassing) passing.push(node)
  else touch(storage)
}

/** Gives a node without elements its value, which needs no memory. */
export function settleEmpty(node: Node): void {
  node.storage = hostStorage(new dtypes[node.dtype].array(0))
}

function release(storage: Storage): void {
  const { device } = storage
  storage.device = null
  storage.chain?.delete(storage)
  device?.backend.free(device.buffer)
}

/** What a disposed backend held is gone: nobody can free it, and who reads it is told so. */
function unlessDisposed<T>(held: T, fn: (held: T) => void): void {
  try {
    fn(held)
  } catch (reason) {
    if (!(reason instanceof BackendError)) throw reason
  }
}

export function readNow(backend: Backend, buffer: BufferHandle): TypedArray {
  if (!backend.readSync) throw new UnsupportedError(`${backend.name} can only be read asynchronously; use await x.data() or await x.item()`)
  return backend.readSync(buffer)
}

/** Whether this run reads forward values of the last one: then these stay until it has run, and unless it is a step it leaves none of its own. */
export const usesPassing = (leaves: readonly Node[]): boolean => leaves.some((node) => node.storage?.passing)

/**
 * Forgets the forward values of the last step; their nodes can be computed again while their variables are unchanged. Gradients stay for
 * whoever looks at them, until the next step or as long as they are a variable's.
 */
export function dropPassing(isStep: boolean): void {
  if (passing.length === 0) return
  const stay: Node[] = []
  for (const node of passing) {
    const { storage } = node
    if (!storage?.passing) continue
    if (node.gradient === 'current' && !isStep) {
      stay.push(node)
      continue
    }
    node.storage = null
    unlessDisposed(storage, release)
  }
  passing = stay
}

export function beginRun(): void {
  runs += 1
}

/** Takes from the device what neither this run nor the one before touched. */
export function endRun(): void {
  for (let idle = used.first; idle && idle.lastUse < runs - 1; idle = used.first) retire(idle)
}

function retire(storage: Storage): void {
  if (storage.again && !storage.host) {
    putBy(storage)
  } else if (!storage.host && !storage.device!.backend.readSync) {
    touch(storage) // it may have been read by then
  } else {
    used.delete(storage)
    unlessDisposed(storage, toHeap)
  }
}

function toHeap(storage: Storage): void {
  storage.host ??= readNow(storage.device!.backend, storage.device!.buffer)
  release(storage)
}

/** Frees a variable's memory when nothing can reach it any more. */
const forgotten = new FinalizationRegistry<VariableMemory>(({ backend, buffer }) => {
  if (buffer) unlessDisposed(buffer, (held) => backend.free(held))
})

export function track(state: VariableState): void {
  forgotten.register(state, state.memory)
}

/** What `scope` gives, for `using`. */
export interface Scope {
  [Symbol.dispose](): void
}

/** `using s = scope()`: when it ends, device memory of values made inside goes at once, after a copy to the heap. Nobody needs it. */
export function scope(): Scope {
  const held = (): Storage[] => {
    const found: Storage[] = []
    for (const chain of [used, spare]) for (let storage = chain.first; storage; storage = storage.next) found.push(storage)
    return found
  }
  const before = new Set(held())
  return {
    [Symbol.dispose]() {
      for (const storage of held()) if (!before.has(storage)) toHeap(storage)
    },
  }
}
