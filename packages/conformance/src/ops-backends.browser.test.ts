import { describeBackend } from '@tenon/testing'
import { backends, opBackends } from './backends.ts'

const inBrowsers = [...backends, ...opBackends.filter(({ where }) => where === 'a browser')]
for (const { name, make, skip } of inBrowsers) describeBackend(name, make, { skip })
