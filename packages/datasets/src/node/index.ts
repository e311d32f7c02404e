export { type FetchProgress, type OnProgress } from './fill.ts'
export { fashionMnist, fashionMnistClasses, mnist, type MnistOptions } from './mnist.ts'
