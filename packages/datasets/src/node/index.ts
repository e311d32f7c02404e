export type { FetchProgress, OnProgress } from './fill.ts'
export { fashionMnist, fashionMnistClasses, type MnistOptions, mnist, mnistFiles } from './mnist.ts'
export { readTextFile } from './text-file.ts'
export { cmudict, type FirstNames, firstNames, mobyDick, type Pronunciation, parsePronunciations, type TextOptions } from './texts.ts'
