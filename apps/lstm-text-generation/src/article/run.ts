/** `--preset article`: tells from its letters which list a first name comes from. */
import { describeSize, prepareRun, resumedSettings, TrainingRun, UsageError, withCommas } from '@tenon/app-kit'
import { backward } from '@tenon/autograd'
import type { Batch } from '@tenon/datasets'
import { nllLoss } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { accuracy, evaluate } from '@tenon/train'
import type { TrainOptions } from '../options.ts'
import type { AppWorld } from '../run.ts'
import { checkKind } from '../settings.ts'
import { letterCount, lists, nameData, nameLoader } from './data.ts'
import { NameRNN } from './model.ts'

type ArticleSettings = {
  readonly command: 'article'
  readonly preset: 'article'
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly seed: number
}

const hidden = 128

const newSettings = (options: TrainOptions): ArticleSettings => {
  for (const flag of ['text', 'corpus', 'iters', 'cell'] as const) {
    if (options[flag] !== undefined)
      throw new UsageError(`--${flag} does not go with --preset article, which learns first names; leave it out`)
  }
  const { epochs = 10, batchSize = 32, lr = 0.001, seed = 1 } = options
  return { command: 'article', preset: 'article', epochs, batchSize, lr, seed }
}

export const runArticle = async (options: TrainOptions, { out, loadFirstNames, catchInterrupts }: AppWorld): Promise<number> => {
  const { settings, checkpoint, folder } = await prepareRun<ArticleSettings>(options, {
    settings: (checkpoint) => {
      if (!checkpoint) return newSettings(options)
      checkKind(checkpoint, options.resume!, 'article')
      return resumedSettings(options, checkpoint.settings, 'epochs', checkpoint.position.epoch + 1)
    },
    name: () => 'names-article',
  })
  const { epochs, batchSize, lr, seed } = settings
  const names = nameData(await loadFirstNames(out), seed)
  manualSeed(seed)
  const loader = nameLoader(names.train, batchSize, seed)
  const testLoader = nameLoader(names.test, 100, null)
  const model = new NameRNN(letterCount, hidden, lists.length)
  const optimizer = new Adam(model.namedParameters(), { lr })

  const trainStep = jit(({ letters, list }: Batch<'letters' | 'list'>): Tensor => {
    const loss = nllLoss(model.forward(letters), list)
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  const testStep = jit(({ letters, list }: Batch<'letters' | 'list'>) => {
    const output = model.forward(letters)
    return { loss: nllLoss(output, list), accuracy: accuracy(output, list) }
  })

  const { signal, release } = catchInterrupts()
  const run = await TrainingRun.open({
    settings,
    folder,
    checkpoint,
    out,
    signal,
    length: { epochs },
    loader,
    parts: { model, optimizer, generator: defaultGenerator() },
    facts: {
      data: `first names: ${withCommas(names.train.length)} to train on, ${withCommas(names.test.length)} to test with; lists: ${lists.join(', ')}`,
      model: `article, ${describeSize(model)}: i2h and i2o over ${letterCount} letters and ${hidden} remembered numbers, log-softmax`,
      training: `${epochs} epochs, batches of ${batchSize}, Adam, learning rate ${lr}, seed ${seed}`,
    },
    unit: 'names',
    evaluation: 'test',
    line: ({ epoch, done, all, loss }) =>
      `Train Epoch: ${epoch} [${done}/${all} (${Math.round((100 * done) / all)}%)]  Loss: ${loss.toFixed(6)}`,
  })
  await run
    .fit({
      step: trainStep,
      onEpoch: async (position) => {
        const result = await evaluate({ loader: testLoader, signal, step: testStep })
        if (!result) return
        const all = names.test.length
        const right = Math.round(result.accuracy * all)
        const line = `Test set: Average loss: ${result.loss.toFixed(4)}, Accuracy: ${right}/${all} (${((100 * right) / all).toFixed(2)}%)\n`
        await run.evaluated(position, { loss: result.loss, accuracy: right / all }, line)
      },
    })
    .finally(release)
  if (signal.aborted) return run.stopped()
  out.write(`${run.summary()}\n${run.describeFiles()}`)
  return 0
}
