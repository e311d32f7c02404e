/** The commands, from their options to their last line. */
import { basename } from 'node:path'
import {
  chooseBackend,
  encodePrompt,
  loadText,
  prepareRun,
  printNotes,
  resumedSettings,
  type SampleOptions,
  validationLine,
  type World,
} from '@tenon/app-kit'
import { CharVocabulary, randomSource } from '@tenon/datasets'
import { loadCheckpoint } from '@tenon/train/node'
import type { loadFirstNames } from './article/data.ts'
import { CharModel } from './model.ts'
import type { TrainOptions } from './options.ts'
import { checkKind, newSettings, presets, type Settings } from './settings.ts'
import { train } from './train.ts'
import { write } from './writer.ts'

/** What a command has from outside. Tests bring their own. */
export interface AppWorld extends World {
  readonly loadFirstNames: typeof loadFirstNames
}

type Wish = Pick<SampleOptions, 'prompt' | 'length' | 'temperature' | 'topK' | 'seed'>

/** The prompt and what the model writes behind it. */
const continued = async (model: CharModel, vocabulary: CharVocabulary, wish: Wish): Promise<string> => {
  const { prompt, length, temperature, topK = null, seed = 1 } = wish
  const given = encodePrompt(vocabulary, prompt)
  // A text without a beginning begins where a line does.
  const start = given.length > 0 ? given : vocabulary.encode(vocabulary.tokens.includes('\n') ? '\n' : vocabulary.tokens[0]!)
  const random = randomSource(seed)
  return `${prompt}${vocabulary.decode(await write(model, start, length, { temperature, topK, random: () => random.next() }))}\n`
}

export const runTrain = async (options: TrainOptions, { out, catchInterrupts }: AppWorld): Promise<number> => {
  const { settings, checkpoint, folder } = await prepareRun<Settings>(options, {
    settings: (checkpoint) => {
      if (!checkpoint) return newSettings(options)
      checkKind(checkpoint, options.resume!, 'lstm')
      const { settings: saved, position } = checkpoint
      return saved.iters === null
        ? resumedSettings(options, saved, 'epochs', position.epoch + 1)
        : resumedSettings(options, saved, 'iters', position.step)
    },
    name: ({ text, corpus, cell, preset }) => `${cell}-${basename(text ?? corpus!).replaceAll(/\W+/g, '-')}-${preset}`,
  })
  const text = await loadText(settings, out, settings.sha256)
  const vocabulary = settings.vocabulary ? CharVocabulary.fromJSON(settings.vocabulary) : CharVocabulary.fromText(text.text)
  const known = { ...settings, sha256: text.sha256, vocabulary: vocabulary.toJSON() }
  const { signal, release } = catchInterrupts()
  const { run, model, validationLoss } = await train(known, { folder, text, vocabulary, checkpoint, out, signal }).finally(release)
  if (signal.aborted) return run.stopped()

  const sample = await continued(model, vocabulary, { prompt: '', length: 500, temperature: 0.8, seed: settings.seed })
  out.write(
    `${run.summary()}\n${run.describeFiles()}To write more: sample --checkpoint ${run.files.checkpoint}\n\n` +
      `${validationLoss === null ? '' : `${validationLine(validationLoss)}\n\n`}${sample}`,
  )
  return 0
}

export const runSample = async ({ checkpoint: file, backend, ...wish }: SampleOptions, { out, err }: World): Promise<number> => {
  const checkpoint = await loadCheckpoint<Settings>(file)
  checkKind(checkpoint, file, 'lstm')
  await chooseBackend(backend)
  const { cell, preset, batchSize: streams, vocabulary: json } = checkpoint.settings
  const vocabulary = CharVocabulary.fromJSON(json!)
  const model = new CharModel({ ...presets[preset], cell, vocabSize: vocabulary.size, streams })
  model.eval()
  checkpoint.restore({ model })
  out.write(await continued(model, vocabulary, wish))
  printNotes(err)
  return 0
}
