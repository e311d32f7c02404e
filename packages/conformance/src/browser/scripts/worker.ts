import { trainXor } from './training.ts'

postMessage(await trainXor())
