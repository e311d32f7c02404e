import { type Batch, collate, fetchItems, toTensor } from './collate.ts'
import { type Dataset, type HostBatch, type Item, mapRecord } from './dataset.ts'
import { DatasetError } from './errors.ts'
import { andThen, isPromise } from './promises.ts'
import { randomOrder, randomSource } from './random.ts'
import type { Transform, TransformContext } from './transforms.ts'

/** Makes a batch of items. */
export type Collate<F extends string = string, G extends string = F> = (
  items: readonly Item<F>[],
  context: TransformContext,
) => HostBatch<G>

/** Options of `DataLoader`. */
export interface LoadingOptions {
  /** Items in a batch. Default 1. */
  readonly batchSize?: number
  /** A new order in every epoch. Default false. */
  readonly shuffle?: boolean
  /**
   * Items in an epoch, drawn anew for each: for a set too large to go through between two looks at the result, or so
   * small that one is not worth it. Needs `shuffle`. Default: all, once.
   */
  readonly numSamples?: number
  /** Decides the orders and what transforms draw. Default 0. */
  readonly seed?: number
  /** Leaves out a last batch that is smaller than the others. Default false. */
  readonly dropLast?: boolean
  /** Batches built ahead of the one in use. Default 1. */
  readonly prefetch?: number
}

/** Items of the same shapes are stacked, field by field. */
export interface DataLoaderOptions<F extends string, G extends string = F> extends LoadingOptions {
  /** What happens to each batch before it becomes tensors. */
  readonly transform?: Transform<F, G>
}

/** Others become a batch by a function, `padFields` as a rule, and are then as it made them. */
export interface CollatingOptions<F extends string, G extends string> extends LoadingOptions {
  readonly collate: Collate<F, G>
}

/** A place in the data: `position` batches of `epoch` are behind. Plain JSON; with the seed, all that a resume needs. */
export interface LoaderState {
  readonly epoch: number
  readonly position: number
}

/**
 * Batches of a dataset (as torch.utils.data.DataLoader, without worker processes).
 *
 *     const loader = new DataLoader(train, { batchSize: 64, shuffle: true, seed: 1 })
 *     for await (const { images, labels } of loader) { … }      // one epoch; the next loop is the next epoch
 *
 * The order of an epoch is a pure function of the seed and the epoch's number. A batch that was yielded is never written
 * again. JavaScript runs on one thread, so `prefetch` overlaps with the consumer only where one of the two waits for
 * something outside: a dataset that reads or fetches, or a step that runs on a GPU or on worker threads.
 */
export class DataLoader<F extends string, G extends string = F> implements AsyncIterable<Batch<G>> {
  readonly dataset: Dataset<F>
  readonly batchSize: number
  readonly shuffle: boolean
  readonly seed: number
  readonly dropLast: boolean
  readonly prefetch: number
  /** Items in an epoch. */
  readonly numSamples: number
  readonly #make: (indices: Int32Array, context: TransformContext) => HostBatch<G> | Promise<HostBatch<G>>
  #state: LoaderState = { epoch: 0, position: 0 }
  /** True from setting `state` to the next loop, which then starts there and not at the beginning of an epoch. */
  #resuming = false

  /** @throws DatasetError for an option out of range, an empty dataset, or options that leave no batch */
  constructor(dataset: Dataset<F>, options: CollatingOptions<F, G>)
  constructor(dataset: Dataset<F>, options?: DataLoaderOptions<F, G>)
  constructor(dataset: Dataset<F>, options: DataLoaderOptions<F, G> | CollatingOptions<F, G> = {}) {
    const { batchSize = 1, shuffle = false, seed = 0, dropLast = false, prefetch = 1 } = options
    checkWhole('batchSize', batchSize, 1)
    checkWhole('seed', seed, 0)
    checkWhole('prefetch', prefetch, 0)
    this.dataset = dataset
    this.batchSize = batchSize
    this.shuffle = shuffle
    this.seed = seed
    this.dropLast = dropLast
    this.prefetch = prefetch
    this.numSamples = options.numSamples ?? dataset.length
    if ('collate' in options) {
      this.#make = (indices, context) => andThen(fetchItems(dataset, indices), (items) => options.collate(items, context))
    } else {
      // Without a transform G is F, which the compiler cannot see.
      const transform = options.transform ?? ((batch) => batch as HostBatch<string> as HostBatch<G>)
      this.#make = (indices, context) => andThen(collate(dataset, indices), (batch) => transform(batch, context))
    }
    if (options.numSamples !== undefined) {
      checkWhole('numSamples', options.numSamples, 1)
      if (!shuffle)
        throw new DatasetError('DataLoader: numSamples draws items at random and needs shuffle: true; for the first ones use subset')
    }
    if (!(dataset.length > 0)) throw new DatasetError(`DataLoader: the dataset has ${dataset.length} items, so there is nothing to load`)
    if (this.length === 0) {
      throw new DatasetError(
        `DataLoader: dropLast leaves no batch, as the ${this.numSamples} items do not fill one of ${batchSize}; ` +
          'use a smaller batchSize or keep the last batch',
      )
    }
  }

  /** Batches in an epoch. */
  get length(): number {
    const batches = this.numSamples / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  /**
   * Where the latest loop over the loader stands: what it has yielded, not what it has prefetched. Setting it makes the
   * next loop go on from there.
   */
  get state(): LoaderState {
    return this.#state
  }

  set state(state: LoaderState) {
    const { epoch, position } = this.#check(state)
    this.#state = { epoch, position }
    this.#resuming = true
  }

  /** One epoch. A loop that was left early counts: the next one has a new order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<G>, void, undefined> {
    const { epoch, position } = this.#state
    const begin = this.#resuming || position === 0 ? { epoch, position } : { epoch: epoch + 1, position: 0 }
    this.#resuming = false
    // A state that was set while this loop runs is for the next loop, and no longer this one's to move.
    const record = (state: LoaderState): void => {
      if (!this.#resuming) this.#state = state
    }
    record(begin)
    let behind = begin.position
    for await (const batch of this.iterate({ epoch: begin.epoch, start: begin.position })) {
      record({ epoch: begin.epoch, position: ++behind })
      yield batch
    }
    record({ epoch: begin.epoch + 1, position: 0 })
  }

  /** The batches of `epoch` from number `start` on. Leaves `state` alone. */
  async *iterate(options: { readonly epoch?: number; readonly start?: number } = {}): AsyncGenerator<Batch<G>, void, undefined> {
    const { epoch = 0, start = 0 } = options
    this.#check({ epoch, position: start })
    const order = this.shuffle ? randomOrder(this.dataset.length, this.numSamples, this.seed, epoch) : null
    const ahead: Job<Batch<G>>[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const workAhead = (): void => {
      const job = ahead.find((each) => !each.started)
      if (!job) return
      job.start()
      timer = setTimeout(workAhead)
    }
    try {
      for (let position = start, next = start; position < this.length; position++) {
        for (; next < this.length && next <= position + this.prefetch; next++) {
          const number = next
          ahead.push(new Job(() => this.#build(order, epoch, number)))
        }
        const job = ahead.shift() as Job<Batch<G>>
        const batch = job.start()
        // A source that is slow to answer gets its next requests before the consumer works. One in memory gets a turn
        // when the consumer waits for something, so that the batch at hand does not wait for the next.
        if (job.waits) for (const each of ahead) each.start()
        else timer = setTimeout(workAhead)
        yield await batch
        clearTimeout(timer)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #build(order: Int32Array | null, epoch: number, position: number): Batch<G> | Promise<Batch<G>> {
    const from = position * this.batchSize
    const to = Math.min(from + this.batchSize, this.numSamples)
    const indices = order?.slice(from, to) ?? Int32Array.from({ length: to - from }, (_, offset) => from + offset)
    const random = randomSource(this.seed, epoch, position + 1).next
    return andThen(this.#make(indices, { random }), (batch) => mapRecord(batch, toTensor))
  }

  #check({ epoch, position }: LoaderState): LoaderState {
    checkWhole('epoch', epoch, 0)
    checkWhole('position', position, 0)
    if (position <= this.length) return { epoch, position }
    throw new DatasetError(
      `DataLoader: cannot start at batch ${position}, an epoch has ${this.length}; ` +
        'resume with the dataset, batchSize, numSamples and dropLast that the state was saved with',
    )
  }
}

/** The building of one batch: begun at most once, and early only if someone has time. */
class Job<T> {
  readonly #build: () => T | Promise<T>
  #result: Promise<T> | null = null
  /** Whether the source gave a promise. */
  waits = false

  constructor(build: () => T | Promise<T>) {
    this.#build = build
  }

  get started(): boolean {
    return this.#result !== null
  }

  start(): Promise<T> {
    if (this.#result) return this.#result
    try {
      const built = this.#build()
      this.waits = isPromise(built)
      this.#result = Promise.resolve(built)
    } catch (error) {
      this.#result = Promise.reject(error)
    }
    // Built ahead, it may fail long before anybody asks for it; who asks still gets the error.
    this.#result.catch(() => {})
    return this.#result
  }
}

const checkWhole = (name: string, value: number, least: number): void => {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new DatasetError(`DataLoader: ${name} must be a whole number of at least ${least}, got ${value}`)
}
