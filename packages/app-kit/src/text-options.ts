/** What apps that learn to write may be told: which text, how long to train, how to write; and what they say of it. */
import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import type { CharVocabulary } from '@tenon/datasets'
import { mobyDick, readTextFile } from '@tenon/datasets/node'
import { type Command, Option } from 'commander'
import type { BackendName } from './backends.ts'
import { UsageError } from './errors.ts'
import { backendOption, count, number, seedOption } from './options.ts'
import { reportFetch } from './wording.ts'

export type CorpusName = 'moby-dick'
const corpora: Readonly<Record<CorpusName, { readonly title: string; readonly load: typeof mobyDick }>> = {
  'moby-dick': { title: 'Moby Dick', load: mobyDick },
}

export interface TextOptions {
  readonly text?: string
  readonly corpus?: CorpusName
  readonly epochs?: number
  readonly iters?: number
}

/** Adds --text, --corpus, --epochs and --iters. @param defaults for the help: `{ epochs: 'default: 10' }` */
export const addTextOptions = (program: Command, defaults: { readonly epochs?: string; readonly iters?: string }): Command => {
  const inBrackets = (text: string | undefined): string => (text ? ` (${text})` : '')
  return program
    .addOption(new Option('--text <file>', 'learn this text; its last tenth is for validation').argParser((file) => resolve(file)))
    .addOption(
      new Option('--corpus <name>', 'learn this one, fetched once (default: moby-dick)').choices(Object.keys(corpora)).conflicts('text'),
    )
    .addOption(new Option('--epochs <n>', `times to go through the text${inBrackets(defaults.epochs)}`).argParser(count))
    .addOption(
      new Option('--iters <n>', `steps to train, instead of epochs${inBrackets(defaults.iters)}`).argParser(count).conflicts('epochs'),
    )
}

/** Where a text comes from, as a checkpoint keeps it: one of the two is null. */
export type TextSource = {
  /** A file, by its whole path. */
  readonly text: string | null
  readonly corpus: CorpusName | null
}

export const textSource = ({ text, corpus = 'moby-dick' }: TextOptions): TextSource =>
  text === undefined ? { text: null, corpus } : { text, corpus: null }

export interface LoadedText {
  /** 'Moby Dick', or the file's name. */
  readonly title: string
  readonly text: string
  /** Of the text, so that a resumed run can tell that it has the same one. */
  readonly sha256: string
}

/**
 * Reads or fetches a text; says what is fetched and from where, if it has to be.
 *
 * @param sha256 what a resumed run's text must have; null for any
 * @throws DatasetError naming the file, where it is missing, empty, or not UTF-8; UsageError where it is another text
 */
export const loadText = async (
  { text: file, corpus }: TextSource,
  out: NodeJS.WriteStream,
  sha256: string | null = null,
): Promise<LoadedText> => {
  const { title, load } = file === null ? corpora[corpus ?? 'moby-dick'] : { title: basename(file), load: () => readTextFile(file) }
  const text = await load({ onProgress: reportFetch(out) })
  const found = createHash('sha256').update(text).digest('hex')
  if (sha256 === null || found === sha256) return { title, text, sha256: found }
  throw new UsageError(`${file ?? title} has changed since the run began; put the text back as it was, or begin a new run`)
}

export interface SampleOptions {
  readonly checkpoint: string
  readonly backend: BackendName
  readonly prompt: string
  readonly length: number
  readonly temperature: number
  readonly topK?: number
  readonly seed?: number
}

const temperature = number('a number of at least 0', (value) => Number.isFinite(value) && value >= 0)

/** Adds what a command that writes with a trained model may be told. */
export const addSampleOptions = (command: Command): Command =>
  command
    .requiredOption('--checkpoint <file>', 'a checkpoint that a training run has left')
    .option('--prompt <text>', 'how the text begins', '')
    .option('--length <n>', 'characters to write after it', count, 500)
    .option('--temperature <x>', 'below 1 for likelier characters, above 1 for unlikelier ones; 0 for the likeliest', temperature, 0.8)
    .option('--top-k <n>', 'draw only among the n likeliest characters (default: all)', count)
    .addOption(seedOption('what is drawn'))
    .addOption(backendOption())

/** The tokens of a prompt. @throws UsageError naming a character that the model has never seen */
export const encodePrompt = (vocabulary: CharVocabulary, prompt: string): Int32Array => {
  const unknown = [...prompt].find((character) => !vocabulary.tokens.includes(character))
  if (unknown === undefined) return vocabulary.encode(prompt)
  const number = unknown.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  throw new UsageError(
    `the prompt has ${JSON.stringify(unknown)} (U+${number}), which is not in the text that the model was trained on; leave it out`,
  )
}

/** The result of a run, for people and for scripts. @param loss nats per character */
export const validationLine = (loss: number): string => `Validation loss: ${loss.toFixed(4)}`
