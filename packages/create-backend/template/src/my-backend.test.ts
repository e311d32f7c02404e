import { describeBackend } from '@tenon/testing'
import { myBackend } from './my-backend.ts'

describeBackend('my-backend', myBackend)
