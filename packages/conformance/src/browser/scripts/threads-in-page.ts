import { publish } from './publish.ts'
import { sumOnThreads } from './threads.ts'

publish(sumOnThreads())
