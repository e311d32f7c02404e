import { gpujs } from '@tenon/backend-gpujs'
import { describeBackend } from '@tenon/testing'

describeBackend('gpujs', () => gpujs({ mode: 'cpu' }))
describeBackend('gpujs in webasm', () => gpujs({ mode: 'webasm' }))
