import type { HostArray, HostBatch } from './dataset.ts'
import { DatasetError } from './errors.ts'

/** What a transform may use beside the batch. */
export interface TransformContext {
  /** Uniform in [0, 1), seeded by the loader's seed, the epoch and the batch: a resumed run augments as the first did. */
  readonly random: () => number
}

/** Changes a whole batch before it becomes tensors. It may change its fields, but not the arrays that it was given. */
export type Transform<F extends string = string, G extends string = F> = (batch: HostBatch<F>, context: TransformContext) => HostBatch<G>

/** Changes one field of a batch, [B, ...]. It gives a new array and leaves the one that it was given. */
export type ArrayTransform = (array: HostArray, context: TransformContext) => HostArray

/**
 * Runs `steps` on one field, left to right.
 *
 *     new DataLoader(train, { transform: field('images', toFloat(), normalize(0.1307, 0.3081)) })
 */
export const field =
  (
    name: string,
    ...steps: readonly ArrayTransform[]
  ): (<F extends string>(batch: HostBatch<F>, context: TransformContext) => HostBatch<F>) =>
  (batch, context) => {
    const array = (batch as HostBatch)[name]
    if (!array) {
      throw new DatasetError(`field('${name}', …): the batch has no such field, only ${Object.keys(batch).join(', ')}`)
    }
    return { ...batch, [name]: steps.reduce((value, step) => step(value, context), array) }
  }

/** One transform after the other. */
export const compose =
  <F extends string>(...steps: readonly Transform<F>[]): Transform<F> =>
  (batch, context) =>
    steps.reduce((value, step) => step(value, context), batch)

/** x / divisor as float32: pixels 0..255 become 0..1 (as torchvision's ToTensor).   any shape → same */
export const toFloat = (divisor = 255): ArrayTransform => {
  if (!Number.isFinite(divisor) || divisor === 0) throw new DatasetError(`toFloat: cannot divide by ${divisor}`)
  return ({ data, shape }) => {
    const result = new Float32Array(data.length)
    for (let index = 0; index < data.length; index++) result[index] = (data[index] as number) / divisor
    return { data: result, shape }
  }
}

/**
 * (x − mean) / std as float32, one pair for all numbers or one per channel (as torchvision's Normalize).
 * [B, ...] → same; [B, C, ...] → same with arrays of C numbers.
 */
export const normalize = (mean: number | readonly number[], std: number | readonly number[]): ArrayTransform => {
  const means = typeof mean === 'number' ? [mean] : mean
  const stds = typeof std === 'number' ? [std] : std
  if (means.length !== stds.length || means.length === 0) {
    throw new DatasetError(`normalize: got ${means.length} means and ${stds.length} standard deviations`)
  }
  if (!means.every(Number.isFinite) || !stds.every((value) => Number.isFinite(value) && value > 0)) {
    throw new DatasetError(`normalize: needs finite means and positive standard deviations, got [${means}] and [${stds}]`)
  }
  return ({ data, shape }) => {
    const channels = means.length
    if (channels > 1 && shape[1] !== channels) {
      throw new DatasetError(`normalize: ${channels} channels need a batch [B, ${channels}, ...], got [${shape.join(', ')}]`)
    }
    const result = new Float32Array(data.length)
    const plane = channels === 1 ? data.length : shape.slice(2).reduce((product, dim) => product * dim, 1)
    for (let start = 0, channel = 0; start < data.length; start += plane, channel = (channel + 1) % channels) {
      const shift = means[channel] as number
      const spread = stds[channel] as number
      for (let index = start; index < start + plane; index++) result[index] = ((data[index] as number) - shift) / spread
    }
    return { data: result, shape }
  }
}
