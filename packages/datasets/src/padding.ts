/** Sequences of different lengths side by side, with what it takes to tell tokens from filling. */
import { stackItems } from './collate.ts'
import { type ArrayData, type HostArray, type HostBatch, type Item, toHostArray } from './dataset.ts'
import { DatasetError } from './errors.ts'

/** How sequences are padded. */
export interface PaddingOptions {
  /** What fills the room behind a sequence. Default 0. */
  readonly paddingValue?: number
  /** The common length. Default: that of the longest. */
  readonly length?: number
  /** Rounds the common length up: a step that is compiled for each shape then meets few of them. Default 1. */
  readonly multipleOf?: number
}

/** Sequences of different lengths as one array. */
export interface PaddedSequences {
  /** [B, L], of the kind of the sequences. */
  readonly data: HostArray
  /** int32 [B]: how long each was. */
  readonly lengths: HostArray
  /** bool [B, L]: true where there is an element of the sequence, false where there is filling. */
  readonly mask: HostArray
}

/**
 * Vectors of different lengths as the rows of one array, filled up at the end
 * (as torch.nn.utils.rnn.pad_sequence with batch_first).
 *
 *     padSequences([Int32Array.of(1, 2, 3), Int32Array.of(4)], { multipleOf: 8 })    // data [2, 8]
 *
 * @throws DatasetError where there are no sequences, they are of different kinds, or one is longer than `length`
 */
export const padSequences = (sequences: readonly ArrayData[], options: PaddingOptions = {}): PaddedSequences => {
  const { paddingValue = 0, length, multipleOf = 1 } = options
  const [first] = sequences
  if (!first) throw new DatasetError('padSequences needs at least one sequence, got none')
  if (!(Number.isSafeInteger(multipleOf) && multipleOf >= 1)) {
    throw new DatasetError(`padSequences: multipleOf must be a whole number of at least 1, got ${multipleOf}`)
  }
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new DatasetError(`padSequences: length must be a whole number of at least 0, got ${length}`)
  }
  const longest = sequences.reduce((most, sequence) => Math.max(most, sequence.length), 0)
  if (length !== undefined && longest > length) {
    throw new DatasetError(`padSequences: a sequence of ${longest} does not fit into a length of ${length}; cut it, or raise length`)
  }
  const width = Math.ceil((length ?? longest) / multipleOf) * multipleOf
  const ArrayType = first.constructor as new (length: number) => ArrayData
  const data = new ArrayType(sequences.length * width).fill(paddingValue)
  const mask = new Uint8Array(sequences.length * width)
  for (const [row, sequence] of sequences.entries()) {
    if (sequence.constructor !== ArrayType) {
      throw new DatasetError(
        `padSequences: sequence ${row} is a ${sequence.constructor.name} and the first a ${ArrayType.name}; give all the same kind of numbers`,
      )
    }
    data.set(sequence, row * width)
    mask.fill(1, row * width, row * width + sequence.length)
  }
  const shape = [sequences.length, width]
  return {
    data: { data, shape },
    lengths: { data: Int32Array.from(sequences, (sequence) => sequence.length), shape: [sequences.length] },
    mask: { data: mask, shape, dtype: 'bool' },
  }
}

/** The fields of a batch in which the fields `P` were padded: each has its lengths and its mask beside it. */
export type PaddedFields<F extends string, P extends F> = F | `${P}Lengths` | `${P}Mask`

/**
 * For a loader whose items hold vectors of different lengths: pads those fields, each as its options say, and stacks the
 * others. Beside a padded field `x` [B, L] the batch has `xLengths` int32 [B] and `xMask` bool [B, L].
 *
 *     new DataLoader(pairs, { batchSize: 32, collate: padFields({ source: { multipleOf: 8 }, target: { multipleOf: 8 } }) })
 *
 * @throws DatasetError (when a batch is made) naming a field that is missing or no vector
 */
export const padFields =
  <P extends string>(
    fields: Readonly<Record<P, PaddingOptions>>,
  ): (<F extends string>(items: readonly Item<F | P>[]) => HostBatch<PaddedFields<F | P, P>>) =>
  <F extends string>(items: readonly Item<F | P>[]) => {
    const names = Object.keys(fields) as P[]
    const padded = names.map((name) => {
      const { data, lengths, mask } = padSequences(
        items.map((item) => vectorOf(item, name)),
        fields[name],
      )
      return { [name]: data, [`${name}Lengths`]: lengths, [`${name}Mask`]: mask }
    })
    const others = items.map((item) => {
      const entries = Object.entries(item).filter(([name]) => !(name in fields))
      return Object.fromEntries(entries) as Item
    })
    return Object.assign(stackItems(others), ...padded) as HostBatch<PaddedFields<F | P, P>>
  }

const vectorOf = (item: Item, name: string): ArrayData => {
  const value = item[name]
  if (typeof value === 'object') {
    const { data, shape } = toHostArray(value)
    if (shape.length === 1) return data
  }
  const found = value === undefined ? `has only ${Object.keys(item).join(', ')}` : 'holds something else there'
  throw new DatasetError(`padFields: the field '${name}' should be a vector of numbers, and an item ${found}`)
}
