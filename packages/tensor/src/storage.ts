/**
 * Where values lie. JavaScript cannot tell which handles are still held, so device memory is bounded without asking: what a run did not
 * touch leaves it after the next one. Where it can be computed again it is let go of, a few of the youngest excepted; everything else moves to
 * JavaScript's heap, where the garbage collector sees it.
 */
import { type Backend, BackendError, Bag, type BufferHandle, dtypes, type TypedArray, UnsupportedError } from '@tenon/kernel'
import { hostStorage, type LeafAttrs, type Node, type Storage } from './node.ts'
import type { VariableMemory, VariableState } from './variable-state.ts'

let runs = 0
/** Storages with device memory, other than variables. */
const resident = new Bag<Storage>()
/** Those that this run touched, the one before, and the one before that. */
let touched: [Storage[], Storage[], Storage[]] = [[], [], []]
/** What could be computed again and stays as long as there is room, the oldest first. */
const spare: Storage[] = []
let spareBytes = 0
const mostSpare = 64
const mostSpareBytes = 16 * 2 ** 20
/** Forward values and gradients that the last step left behind. */
let passing: Node[] = []

function touch(storage: Storage): void {
  if (storage.lastUse === runs) return
  storage.lastUse = runs
  touched[0].push(storage)
}

export const bytesOf = ({ size, dtype }: Node): number => size * dtypes[dtype].bytes

/** The buffer of a leaf on this backend, uploaded if need be. */
export function deviceBuffer(node: Node, backend: Backend): BufferHandle {
  if (node.op === 'variable' && !node.storage) return (node.attrs as LeafAttrs['variable']).state.memory.buffer!
  const storage = recovered(node)
  touch(storage)
  if (storage.device && storage.device.backend !== backend) {
    storage.host ??= readNow(storage.device.backend, storage.device.buffer)
    release(storage)
  }
  if (!storage.device) {
    const buffer = backend.allocate(node.dtype, node.size)
    backend.write(buffer, storage.host!)
    hold(storage, backend, buffer)
  }
  return storage.device!.buffer
}

function hold(storage: Storage, backend: Backend, buffer: BufferHandle): void {
  storage.device = { backend, buffer }
  resident.add(storage)
}

/** The storage of a value that has one, in the heap or on a device: computed again where it was let go of. */
export function recovered({ storage, backend }: Node): Storage {
  if (!storage!.host && !storage!.device) {
    hold(storage!, backend!, storage!.again!())
    putBy(storage!)
  }
  return storage!
}

/** The youngest stays in any case. */
function putBy(storage: Storage): void {
  spare.push(storage)
  spareBytes += storage.bytes
  while (spare.length > mostSpare || (spareBytes > mostSpareBytes && spare.length > 1)) letGo(spare.shift()!)
}

/** Gives a node its computed value. */
export function settle(node: Node, backend: Backend, buffer: BufferHandle, isPassing: boolean, again: Storage['again'] = null): void {
  const storage: Storage = { host: null, device: null, again, bytes: bytesOf(node), passing: isPassing, lastUse: -1, place: -1 }
  node.storage = storage
  hold(storage, backend, buffer)
  touch(storage)
  if (isPassing) passing.push(node)
}

/** Gives a node without elements its value, which needs no memory. */
export function settleEmpty(node: Node): void {
  node.storage = hostStorage(new dtypes[node.dtype].array(0))
}

function release(storage: Storage): void {
  const { device } = storage
  storage.device = null
  resident.delete(storage)
  device?.backend.free(device.buffer)
}

/** What a disposed backend held is gone: nobody can free it, and who reads it is told so. */
function unlessDisposed(fn: () => void): boolean {
  try {
    fn()
    return true
  } catch (reason) {
    if (reason instanceof BackendError) return false
    throw reason
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
  const stay: Node[] = []
  for (const node of passing) {
    const { storage } = node
    if (!storage?.passing) continue
    if (node.gradient === 'current' && !isStep) {
      stay.push(node)
      continue
    }
    node.storage = null
    unlessDisposed(() => release(storage))
  }
  passing = stay
}

export function beginRun(): void {
  runs += 1
}

/** Takes from the device what neither this run nor the one before touched. */
export function endRun(): void {
  const [now, before, idle] = touched
  for (const storage of idle) if (storage.device && !storage.passing && storage.lastUse < runs - 1) retire(storage)
  idle.length = 0
  touched = [idle, now, before]
}

function retire(storage: Storage): void {
  const { backend, buffer } = storage.device!
  if (storage.again && !storage.host) {
    putBy(storage)
  } else if (!storage.host && !backend.readSync) {
    touched[0].push(storage) // it may have been read by then
  } else {
    const moved = unlessDisposed(() => {
      storage.host ??= backend.readSync!(buffer)
      release(storage)
    })
    if (!moved) resident.delete(storage)
  }
}

/** Unless it has been used since, and will be retired anew. */
function letGo(storage: Storage): void {
  spareBytes -= storage.bytes
  if (storage.device && storage.lastUse < runs - 1 && !unlessDisposed(() => release(storage))) resident.delete(storage)
}

/** Frees a variable's memory when nothing can reach it any more. */
const forgotten = new FinalizationRegistry<VariableMemory>(({ backend, buffer }) => {
  if (buffer) unlessDisposed(() => backend.free(buffer))
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
  const before = new Set(resident)
  return {
    [Symbol.dispose]() {
      for (const storage of resident) {
        if (before.has(storage) || storage.passing) continue
        storage.host ??= readNow(storage.device!.backend, storage.device!.buffer)
        release(storage)
      }
    },
  }
}
