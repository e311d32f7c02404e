import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { describeBackend } from '@tenon/testing'

describeBackend('cpu', cpu)
describeBackend('wasm', wasm)
