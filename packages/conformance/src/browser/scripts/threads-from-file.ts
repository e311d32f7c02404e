import { publish } from './publish.ts'
import { sumOnThreads } from './threads.ts'

publish(sumOnThreads({ workerUrl: 'tenon-worker.js' }))
