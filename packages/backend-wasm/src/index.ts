export { type WasmOptions, wasm } from './backend.ts'
export { workerSource } from './worker-source.ts'
