import { publish } from './publish.ts'
import { trainXor } from './training.ts'

publish(trainXor())
