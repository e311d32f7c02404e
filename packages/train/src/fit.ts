/** The two loops. What a step does (forward, backward, update) is the caller's function, as a rule one given to `jit`. */
import type { Batch } from '@tenon/datasets'
import type { Tensor } from '@tenon/tensor'
import { TrainingError } from './errors.ts'
import { RunningMean } from './metrics.ts'

/** What the loops need of a loader: `DataLoader` of @tenon/datasets is one. */
export interface BatchSource<B extends Batch> {
  /** Batches in an epoch. */
  readonly length: number
  /** The batches of an epoch in its own order, from number `start` on. */
  iterate(from?: { readonly epoch?: number; readonly start?: number }): AsyncIterable<B>
}

/** How far a run has come: `step` steps of epoch `epoch` are done, both counted from 0. */
export interface Position {
  readonly epoch: number
  readonly step: number
}

export interface StepReport extends Position {
  readonly loss: number
}

/** Options of `fit`. */
export interface FitOptions<B extends Batch> {
  readonly loader: BatchSource<B>
  /** One step of training on a batch. Returns the loss, which `fit` reads later: never wait for it in here. */
  readonly step: (batch: B) => Tensor
  /** Runs until this many epochs are done, those before `start` included. Default: no end but that of `steps` or `signal`. */
  readonly epochs?: number
  /** Runs until this many steps are done, those before `start` included, be it in the middle of an epoch. */
  readonly steps?: number
  /** Where a resumed run goes on. */
  readonly start?: Position
  /** Stops after the running step when aborted. */
  readonly signal?: AbortSignal
  /** Told of every step, in order, some steps late: losses are read a few times a second. */
  readonly onStep?: (report: StepReport) => void
  /** Waited for after the last step of each epoch, and after that of `steps`. */
  readonly onEpoch?: (done: Position) => Promise<void> | void
}

/**
 * How long steps run until their losses are read and timers, signals and the terminal get their turn. Reading each
 * loss at once would make a device wait for JavaScript between any two steps.
 */
const breathEvery = 100

/** A turn of the event loop, in which timers and signals are served; a promise alone does not give one. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Trains until `epochs` or `steps` are done or `signal` is aborted, and returns the position reached: what a checkpoint keeps.
 * An epoch that was already complete at `start` only has its `onEpoch` called again.
 *
 * @throws TrainingError when the loss is not a finite number.
 */
export const fit = async <B extends Batch>(options: FitOptions<B>): Promise<Position> => {
  const { loader, epochs = Infinity, steps = Infinity, signal, onEpoch } = options
  let reached = options.start ?? { epoch: 0, step: 0 }
  for (let epoch = reached.epoch; epoch < epochs && epoch * loader.length < steps; epoch++) {
    const last = Math.min(loader.length, steps - epoch * loader.length)
    reached = { epoch, step: await fitEpoch(options, epoch, epoch === reached.epoch ? reached.step : 0, last) }
    if (reached.step >= last) await onEpoch?.(reached)
    if (signal?.aborted) break
  }
  return reached
}

const fitEpoch = async <B extends Batch>(
  { loader, step: run, signal, onStep }: FitOptions<B>,
  epoch: number,
  from: number,
  last: number,
): Promise<number> => {
  let step = from
  let unread: Tensor[] = []
  let breathed = performance.now()

  const readLosses = async (): Promise<void> => {
    const losses = unread
    unread = []
    for (const [i, loss] of losses.entries()) {
      const report = { epoch, step: step - losses.length + i + 1, loss: await loss.item() }
      onStep?.(report)
      if (!Number.isFinite(report.loss)) throw new TrainingError(report)
    }
  }

  if (signal?.aborted || from >= last) return step
  for await (const batch of loader.iterate({ epoch, start: from })) {
    unread.push(run(batch))
    step++
    if (performance.now() - breathed > breathEvery) {
      await readLosses()
      await breathe()
      breathed = performance.now()
    }
    if (signal?.aborted || step >= last) break
  }
  await readLosses()
  return step
}

/** Options of `evaluate`. */
export interface EvaluateOptions<B extends Batch, Names extends string> {
  readonly loader: BatchSource<B>
  /** Means over the batch, by name: `{ loss, accuracy }`. */
  readonly step: (batch: B) => Readonly<Record<Names, Tensor>>
  readonly signal?: AbortSignal
  readonly onStep?: (done: number) => void
}

/** Means over a whole data set, weighted by the sizes of the batches; null when aborted. */
export const evaluate = async <B extends Batch, Names extends string>({
  loader,
  step,
  signal,
  onStep,
}: EvaluateOptions<B, Names>): Promise<Record<Names, number> | null> => {
  const means = new Map<Names, RunningMean>()
  let done = 0
  for await (const batch of loader.iterate()) {
    const values = step(batch)
    const samples = Object.values(batch)[0]?.shape[0] ?? 1
    for (const name of Object.keys(values) as Names[]) {
      const mean = means.get(name) ?? new RunningMean()
      means.set(name, mean)
      mean.add(await values[name].item(), samples)
    }
    onStep?.(++done)
    await breathe()
    if (signal?.aborted) break
  }
  if (signal?.aborted) return null // the loader may have ended because of it
  return Object.fromEntries([...means].map(([name, mean]) => [name, mean.value])) as Record<Names, number>
}
