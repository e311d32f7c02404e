import { describeBackend } from '@tenon/testing'
import { backends } from './backends.ts'

for (const { name, make, skip } of backends) describeBackend(name, make, { skip })
