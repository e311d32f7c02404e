export type { FetchProgress, OnProgress } from './fill.ts'
export { fashionMnist, fashionMnistClasses, type MnistOptions, mnist } from './mnist.ts'
