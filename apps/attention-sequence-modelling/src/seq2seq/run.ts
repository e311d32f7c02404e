/** The two commands, from their options to their last line. */
import { dirname, join } from 'node:path'
import { chooseBackend, columns, prepareRun, printNotes, resumedSettings, UsageError, validationLine } from '@tenon/app-kit'
import { loadCheckpoint, writeFileAtomic } from '@tenon/train/node'
import type { AppCommand, AppWorld } from '../command.ts'
import { splitWords, wordsOf } from './dictionary.ts'
import { definePronounce, defineSeq2seq, type PronounceOptions, type Seq2seqOptions } from './options.ts'
import { Pronouncer } from './pronounce.ts'
import { drawAttention, testLine } from './report.ts'
import { checkKind, newSettings, type Settings } from './settings.ts'
import { restored, test, train } from './train.ts'
import { alphabet } from './vocabulary.ts'

const sizes = { validation: 1000, test: 2000 }
/** Words of the test set that are printed with what the model says. */
const shownWords = 8

const runSeq2seq = async (options: Seq2seqOptions, { out, loadPronunciations, catchInterrupts }: AppWorld): Promise<number> => {
  const { settings, checkpoint, folder } = await prepareRun<Settings>(options, {
    settings: (checkpoint) => {
      if (!checkpoint) return newSettings(options)
      checkKind(checkpoint, options.resume!)
      return resumedSettings(options, checkpoint.settings, 'epochs', checkpoint.position.epoch + 1)
    },
    name: ({ model, preset }) => `seq2seq-${model}-${preset}`,
  })
  const all = wordsOf(await loadPronunciations(out))
  const { train: known, validation, test: unseen } = splitWords(all, sizesFor(all.length), settings.seed)
  const limit = settings.limit ?? all.length
  const dictionary = { train: known.slice(0, limit), validation: validation.slice(0, limit), test: unseen.slice(0, limit) }

  const { signal, release } = catchInterrupts()
  const { run, pronouncer, validationLoss } = await train(settings, { folder, dictionary, checkpoint, out, signal }).finally(release)
  if (signal.aborted) return run.stopped()

  const errors = await test(pronouncer, dictionary.test)
  const shown = dictionary.test.slice(0, shownWords)
  const said = await pronouncer.say(shown.map(({ spelling }) => spelling))
  const map = join(dirname(run.files.checkpoint), 'attention.svg')
  await writeFileAtomic(map, drawAttention(await pronouncer.map(shown[0]!.spelling)))
  out.write(
    `${columns([
      ['word', 'said', 'listed'],
      ...shown.map(({ spelling, pronunciations }, i) => [
        spelling,
        said[i]!.join(' '),
        pronunciations.map((phonemes) => phonemes.join(' ')).join(' / '),
      ]),
    ])}\n${validationLoss === null ? '' : `${validationLine(validationLoss)}\n`}${testLine(errors)}\n${run.summary()}\n` +
      run.describeFiles({ [`how ${shown[0]!.spelling} is read`]: map }) +
      `To say a word: pronounce --checkpoint ${run.files.checkpoint} WORD\n`,
  )
  return 0
}

/** Of a small dictionary a tenth each. */
const sizesFor = (words: number): typeof sizes => ({
  validation: Math.min(sizes.validation, Math.ceil(words / 10)),
  test: Math.min(sizes.test, Math.ceil(words / 10)),
})

const runPronounce = async (
  { checkpoint: file, backend, map }: PronounceOptions,
  { out, err }: AppWorld,
  words: readonly string[],
): Promise<number> => {
  const spellings = words.map(checkWord)
  const checkpoint = await loadCheckpoint<Settings>(file)
  checkKind(checkpoint, file)
  await chooseBackend(backend)
  const pronouncer = new Pronouncer(restored(checkpoint))
  const said = await pronouncer.say(spellings)
  out.write(columns([['word', 'phonemes'], ...spellings.map((spelling, i) => [spelling, said[i]!.join(' ')])]))
  printNotes(err)
  if (map !== undefined) await writeFileAtomic(map, drawAttention(await pronouncer.map(spellings[0]!)))
  return 0
}

const checkWord = (word: string): string => {
  const spelling = word.toLowerCase()
  const odd = [...spelling].find((letter) => !alphabet.includes(letter))
  if (spelling === '') throw new UsageError('an empty word has no sound; give a word')
  if (odd === undefined) return spelling
  throw new UsageError(`'${word}' has ${JSON.stringify(odd)}; the model knows the letters a to z and the apostrophe`)
}

export const seq2seq: AppCommand<Seq2seqOptions> = { define: defineSeq2seq, run: runSeq2seq }
export const pronounce: AppCommand<PronounceOptions> = { define: definePronounce, run: runPronounce }
