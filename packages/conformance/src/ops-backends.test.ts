import { describeBackend } from '@tenon/testing'
import { opBackends, wasmThreads } from './backends.ts'

for (const { name, make, skip, where } of opBackends) if (where === 'Node') describeBackend(name, make, { skip })
for (const threads of [1, 2, 3]) describeBackend(`wasm, threads: ${threads}`, () => wasmThreads(threads))
