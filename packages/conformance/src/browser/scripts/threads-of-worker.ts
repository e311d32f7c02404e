import { sumOnThreads } from './threads.ts'

postMessage(await sumOnThreads())
