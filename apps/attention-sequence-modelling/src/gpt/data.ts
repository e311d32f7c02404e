/** What is learned: windows of a text, or names. */
import { basename } from 'node:path'
import { type LoadedText, loadText, UsageError, withCommas } from '@tenon/app-kit'
import { CharVocabulary, DataLoader, randomOrder, splitTokens, subset, type TextDataset, textWindows } from '@tenon/datasets'
import { presetOf, type Settings } from './settings.ts'

export interface Data {
  readonly vocabulary: CharVocabulary
  readonly sha256: string
  /** Tokens that the model sees at a time. */
  readonly blockSize: number
  readonly train: TextDataset
  readonly validation: TextDataset
  /** Some of it, from all over it: for a look on the way. */
  readonly glance: TextDataset
  /** Windows, or names, that make an epoch. */
  readonly epoch: number
  readonly description: string
}

/** Begins and ends each name. */
export const edge = '<edge>'

const heldOutNames = 1000
/** A target that no loss counts: cross entropy's default. */
const ignored = -100

export const loadData = async (settings: Settings, out: NodeJS.WriteStream): Promise<Data> => {
  const { text, corpus, names, sha256 } = settings
  const loaded = await loadText(names === null ? { text, corpus } : { text: names, corpus: null }, out, sha256)
  return names === null ? textData(loaded, settings) : namesData(loaded, basename(names), settings)
}

const textData = ({ title, text, sha256 }: LoadedText, settings: Settings): Data => {
  const { blockSize } = presetOf(settings)
  const vocabulary = settings.vocabulary ? CharVocabulary.fromJSON(settings.vocabulary) : CharVocabulary.fromText(text)
  const tokens = vocabulary.encode(text)
  // The tenth for validation has to fill a window, and have the character after it.
  const least = 10 * (blockSize + 1)
  if (tokens.length < least)
    throw new UsageError(`${title} has ${tokens.length} characters, and windows of ${blockSize} need at least ${least}; give a longer text`)
  const parts = splitTokens(tokens)
  const validation = textWindows(parts.validation, { length: blockSize, stride: blockSize })
  const train = textWindows(parts.train, { length: blockSize })
  return {
    vocabulary,
    sha256,
    blockSize,
    train,
    validation,
    glance: glanceAt(validation),
    epoch: Math.ceil(parts.train.length / blockSize),
    description: `${title}: ${withCommas(parts.train.length)} characters to train on, ${withCommas(parts.validation.length)} to validate with, ${vocabulary.size} distinct`,
  }
}

const namesData = ({ text, sha256 }: LoadedText, title: string, settings: Settings): Data => {
  const names = text
    .split('\n')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const held = Math.min(heldOutNames, Math.floor(names.length / 10))
  if (held === 0)
    throw new UsageError(`${title} has ${names.length} names, and a tenth of them is for validation; give at least ten, one a line`)
  const mixed = Array.from(randomOrder(names.length, names.length, settings.seed, 0), (index) => names[index]!)
  const vocabulary = settings.vocabulary
    ? CharVocabulary.fromJSON(settings.vocabulary)
    : CharVocabulary.fromText(names.join(''), { specials: [edge] })
  const encoded = mixed.map((name) => vocabulary.encode(name))
  const blockSize = encoded.reduce((most, { length }) => Math.max(most, length), 0) + 1
  const [validation, train] = [encoded.slice(0, held), encoded.slice(held)].map((part) =>
    nameDataset(part, vocabulary.idOf(edge), blockSize),
  ) as [TextDataset, TextDataset]
  return {
    vocabulary,
    sha256,
    blockSize,
    train,
    validation,
    glance: glanceAt(validation),
    epoch: train.length,
    description: `${title}: ${withCommas(train.length)} names to train on, ${withCommas(held)} to validate with, ${vocabulary.size - 1} distinct characters`,
  }
}

/** The name after an edge, and the name before one; what follows counts in no loss. */
const nameDataset = (names: readonly Int32Array[], boundary: number, length: number): TextDataset => ({
  length: names.length,
  get: (index) => {
    const name = names[index]!
    const [input, target] = [new Int32Array(length).fill(boundary), new Int32Array(length).fill(ignored)]
    input.set(name, 1)
    target.set([...name, boundary])
    return { input, target }
  },
})

const glanceSize = 256

const glanceAt = (whole: TextDataset): TextDataset => {
  const count = Math.min(whole.length, glanceSize)
  const spread = Array.from({ length: count }, (_, i) => Math.floor((i * whole.length) / count))
  return subset(whole, spread)
}

export type Windows = DataLoader<'input' | 'target'>

/** Random windows or names; an epoch of the loader is the stretch between two looks at the held-out part. */
export const trainLoader = ({ train }: Data, { batchSize, seed, ...settings }: Settings): Windows =>
  new DataLoader(train, { batchSize, shuffle: true, seed, numSamples: batchSize * presetOf(settings).evalEvery })

/** Held-out windows or names, in order. */
export const validationLoader = (heldOut: TextDataset): Windows => new DataLoader(heldOut, { batchSize: 64 })
