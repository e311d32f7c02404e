/** The two commands, from their options to their last line. */
import { basename } from 'node:path'
import { chooseBackend, encodePrompt, prepareRun, printNotes, type SampleOptions, UsageError, validationLine } from '@tenon/app-kit'
import { CharVocabulary, randomSource } from '@tenon/datasets'
import type { GPT } from '@tenon/nn-attention'
import { loadCheckpoint } from '@tenon/train/node'
import type { AppCommand, AppWorld } from '../command.ts'
import { edge, loadData } from './data.ts'
import { defineGpt, defineSample, type GptOptions } from './options.ts'
import { checkKind, goOn, newSettings, type Settings } from './settings.ts'
import { buildModel, train } from './train.ts'
import { Writer } from './writer.ts'

const namesWritten = 20

interface Wish {
  readonly prompt: string
  readonly length: number
  readonly temperature: number
  readonly topK?: number
  readonly seed?: number
}

/** A text that begins with the prompt; or names that do, one a line. */
const write = async (model: GPT, vocabulary: CharVocabulary, names: boolean, wish: Wish): Promise<string> => {
  const { prompt, length, temperature, topK = null, seed = 1 } = wish
  const random = randomSource(seed)
  const sampling = { temperature, topK, random: () => random.next() }
  const given = encodePrompt(vocabulary, prompt)
  const writer = new Writer(model)
  if (!names) {
    // A text without a beginning begins where a line does.
    const start = given.length > 0 ? given : vocabulary.encode(vocabulary.tokens.includes('\n') ? '\n' : vocabulary.tokens[0]!)
    return `${prompt}${vocabulary.decode(await writer.write(start, length, sampling))}\n`
  }
  const boundary = vocabulary.idOf(edge)
  const longest = model.blockSize - 1
  if (given.length > longest) {
    throw new UsageError(`the names have at most ${longest} characters, and the prompt has ${given.length}; give a shorter one`)
  }
  // A name that does not end by itself ends where all did that the model has seen.
  const most = Math.min(length, longest - given.length)
  const lines: string[] = []
  for (let i = 0; i < namesWritten; i++) {
    lines.push(`${prompt}${vocabulary.decode(await writer.write([boundary, ...given], most, sampling, boundary))}\n`)
  }
  return lines.join('')
}

const runGpt = async (options: GptOptions, { out, catchInterrupts }: AppWorld): Promise<number> => {
  const { settings, checkpoint, folder } = await prepareRun<Settings>(options, {
    settings: (checkpoint) => {
      if (!checkpoint) return newSettings(options)
      checkKind(checkpoint, options.resume!)
      return goOn(options, checkpoint)
    },
    name: ({ text, corpus, names, preset }) => `gpt-${basename(names ?? text ?? corpus!).replaceAll(/\W+/g, '-')}-${preset}`,
  })
  const data = await loadData(settings, out)
  const { signal, release } = catchInterrupts()
  const known = { ...settings, sha256: data.sha256, vocabulary: data.vocabulary.toJSON(), blockSize: data.blockSize, epochSize: data.epoch }
  const { run, model, validationLoss } = await train(known, { folder, data, checkpoint, out, signal }).finally(release)
  if (signal.aborted) return run.stopped()

  const wish = { prompt: '', length: 500, temperature: 0.8, seed: settings.seed }
  out.write(
    `${run.summary()}\n${run.describeFiles()}To write more: sample --checkpoint ${run.files.checkpoint}\n\n` +
      `${validationLoss === null ? '' : `${validationLine(validationLoss)}\n\n`}${await write(model, data.vocabulary, settings.names !== null, wish)}`,
  )
  return 0
}

const runSample = async ({ checkpoint: file, backend, ...wish }: SampleOptions, { out, err }: AppWorld): Promise<number> => {
  const checkpoint = await loadCheckpoint<Settings>(file)
  checkKind(checkpoint, file)
  await chooseBackend(backend)
  const { settings } = checkpoint
  const vocabulary = CharVocabulary.fromJSON(settings.vocabulary!)
  const model = buildModel(settings, vocabulary.size, settings.blockSize!)
  model.eval()
  checkpoint.restore({ model })
  out.write(await write(model, vocabulary, settings.names !== null, wish))
  printNotes(err)
  return 0
}

export const gpt: AppCommand<GptOptions> = { define: defineGpt, run: runGpt }
export const sample: AppCommand<SampleOptions> = { define: defineSample, run: runSample }
