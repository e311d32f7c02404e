import { gpujs } from '@tenon/backend-gpujs'
import { describeBackend } from '@tenon/testing'

describeBackend('gpujs in mode cpu', () => gpujs({ mode: 'cpu' }))
describeBackend('gpujs in mode webasm', () => gpujs({ mode: 'webasm' }))
