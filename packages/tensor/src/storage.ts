/**
 * Where values lie. JavaScript cannot tell which handles are still held, so device memory is bounded without asking: what a
 * run did not touch moves to JavaScript's heap after the next one, where the garbage collector sees it.
 */
import { type Backend, BackendError, Bag, type BufferHandle, dtypes, type TypedArray, UnsupportedError } from '@tenon/kernel'
import type { LeafAttrs, Node, Storage } from './node.ts'
import type { VariableMemory, VariableState } from './variable-state.ts'

let runs = 0
/** Storages with device memory, other than variables. */
const resident = new Bag<Storage>()
/** Forward values that the last step left behind. */
let passing: Node[] = []

/** The buffer of a leaf on this backend, uploaded if need be. */
export function deviceBuffer(node: Node, backend: Backend): BufferHandle {
  if (node.op === 'variable' && !node.storage) return (node.attrs as LeafAttrs['variable']).state.memory.buffer!
  const storage = node.storage!
  storage.lastUse = runs
  if (storage.device && storage.device.backend !== backend) {
    storage.host ??= readNow(storage.device.backend, storage.device.buffer)
    release(storage)
  }
  if (!storage.device) {
    const buffer = backend.allocate(node.dtype, node.size)
    backend.write(buffer, storage.host!)
    storage.device = { backend, buffer }
    resident.add(storage)
  }
  return storage.device.buffer
}

/** Gives a node its computed value. */
export function settle(node: Node, backend: Backend, buffer: BufferHandle, isPassing: boolean): void {
  node.storage = { host: null, device: { backend, buffer }, passing: isPassing, lastUse: runs, place: -1 }
  resident.add(node.storage)
  if (isPassing) passing.push(node)
}

/** Gives a node without elements its value, which needs no memory. */
export function settleEmpty(node: Node): void {
  node.storage = { host: new dtypes[node.dtype].array(0), device: null, passing: false, lastUse: runs, place: -1 }
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

/** Forgets the forward values of the last step; their nodes can be computed again while their variables are unchanged. */
export function dropPassing(): void {
  for (const node of passing) {
    const { storage } = node
    if (!storage?.passing) continue
    node.storage = null
    unlessDisposed(() => release(storage))
  }
  passing = []
}

export function beginRun(): void {
  runs += 1
}

/** Moves to the heap what neither this run nor the one before touched. */
export function endRun(): void {
  for (const storage of resident) {
    if (storage.passing || storage.lastUse >= runs - 1) continue
    const { backend, buffer } = storage.device!
    if (!storage.host && !backend.readSync) continue
    const moved = unlessDisposed(() => {
      storage.host ??= backend.readSync!(buffer)
      release(storage)
    })
    if (!moved) resident.delete(storage)
  }
}

/** Frees a variable's memory when nothing can reach it any more. */
const forgotten = new FinalizationRegistry<VariableMemory>(({ backend, buffer }) => {
  if (buffer) unlessDisposed(() => backend.free(buffer))
})

export function track(state: VariableState): void {
  forgotten.register(state, state.memory)
}

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
