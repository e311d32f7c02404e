import { describeBackend } from '@tenon/testing'
import { backends, wasmThreads } from './backends.ts'

for (const { name, make, skip } of backends) describeBackend(name, make, { skip })
for (const threads of [1, 2, 3]) describeBackend(`wasm, threads: ${threads}`, () => wasmThreads(threads))
