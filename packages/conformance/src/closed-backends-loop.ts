/** Makes, uses and closes backends, so many as the first argument says, and some more whose second thread runs; prints what is left of them. */
import { existsSync, readdirSync } from 'node:fs'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { tensor, useBackend } from '@tenon/tensor'

const threads = (): number => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0)
const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const memories: WeakRef<WebAssembly.Memory>[] = []
const { Memory } = WebAssembly
WebAssembly.Memory = new Proxy(Memory, {
  construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
    const memory = new target(descriptor)
    memories.push(new WeakRef(memory))
    return memory
  },
})

async function useOne(size: number, runsThreads: boolean): Promise<WeakRef<object>> {
  const backend = await useBackend(wasm({ threads: 2 }))
  const x = tensor(new Float32Array(size * size).fill(1), [size, size])
  do {
    await x.matmul(x).sum().item()
    await turn(0)
  } while (runsThreads && backend.report().details['workers'] !== 'running')
  await useBackend(cpu())
  backend.dispose()
  return new WeakRef(backend)
}

const before = threads()
const backends: WeakRef<object>[] = []
for (let i = 0; i < Number(process.argv[2]); i++) backends.push(await useOne(32, false))
for (let i = 0; i < 10; i++) backends.push(await useOne(256, true))
for (let i = 0; i < 3; i++) {
  await turn(200)
  ;(globalThis as { gc?: () => void }).gc?.()
}
const alive = (refs: readonly WeakRef<object>[]): number => refs.filter((ref) => ref.deref()).length
console.log(JSON.stringify({ made: memories.length, backends: alive(backends), memories: alive(memories), threads: threads() - before }))
