import { describeBackend } from '@tenon/testing'
import { opBackends } from './backends.ts'

for (const { name, make, skip, where } of opBackends) if (where === 'Node') describeBackend(name, make, { skip })
