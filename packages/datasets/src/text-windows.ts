/** A long text of tokens as examples of a fixed length, whose target is the input one token later. */
import type { Dataset, HostBatch, Item } from './dataset.ts'
import { DatasetError } from './errors.ts'

/** int32 [T] each: `target[t]` is the token that follows `input[t]`. */
export type TextDataset = Dataset<'input' | 'target'>

/**
 * The part of a text to train on and the part to validate with, cut at one place: a random choice would put
 * neighbours, which know each other, on both sides. Views, nothing is copied.
 *
 * @param validation the part at the end, between 0 and 1
 * @throws DatasetError if one of the parts is empty
 */
export const splitTokens = (tokens: Int32Array, validation = 0.1): { readonly train: Int32Array; readonly validation: Int32Array } => {
  if (!(validation > 0 && validation < 1)) {
    throw new DatasetError(`splitTokens: the part to validate with must lie between 0 and 1, got ${validation}`)
  }
  const cut = Math.floor(tokens.length * (1 - validation))
  if (cut === 0 || cut === tokens.length) {
    throw new DatasetError(`splitTokens: a text of ${tokens.length} tokens has nothing to split; give a longer one`)
  }
  return { train: tokens.subarray(0, cut), validation: tokens.subarray(cut) }
}

/** Options of `textWindows`. */
export interface TextWindowsOptions {
  /** Tokens in a window, T. */
  readonly length: number
  /** Tokens from the beginning of a window to that of the next. Default 1: each place of the text begins one. */
  readonly stride?: number
}

/**
 * Windows of a text. With a stride of 1, and a loader that shuffles, they are random ones; with a stride of `length` they
 * lie one behind the other, so that each token is predicted once: how to evaluate. What does not fill a last window is
 * left out.
 *
 *     new DataLoader(textWindows(train, { length: 64 }), { batchSize: 32, shuffle: true, numSamples: 32 * 500 })
 *     new DataLoader(textWindows(validation, { length: 64, stride: 64 }), { batchSize: 32 })
 *
 * @throws DatasetError if the text does not fill one window and the token after it
 */
export const textWindows = (tokens: Int32Array, { length, stride = 1 }: TextWindowsOptions): TextDataset => {
  checkCount('textWindows', 'length', length)
  checkCount('textWindows', 'stride', stride)
  needTokens('textWindows', tokens, length + 1, `a window of ${length}`)
  return windowsAt(tokens, length, Math.floor((tokens.length - 1 - length) / stride) + 1, (index) => index * stride)
}

/** Options of `textStreams`. */
export interface TextStreamsOptions {
  /** Tokens in a window, T. */
  readonly length: number
  /** Parts of the text that are read side by side: the batch size, B. */
  readonly streams: number
}

/**
 * A text for a model that carries its state from batch to batch (truncated backpropagation through time): cut into B
 * streams of the same length, which are walked side by side in windows of T. Row b of a batch goes on where row b of the
 * batch before it ended; the state starts anew with each epoch. What does not fill a last window of all streams is left
 * out. For a loader that keeps the order and has `streams` as its batch size:
 *
 *     new DataLoader(textStreams(train, { length: 64, streams: 32 }), { batchSize: 32 })
 *
 * @throws DatasetError if the text does not fill a window in each stream
 */
export const textStreams = (tokens: Int32Array, { length, streams }: TextStreamsOptions): TextDataset => {
  checkCount('textStreams', 'length', length)
  checkCount('textStreams', 'streams', streams)
  needTokens('textStreams', tokens, streams * length + 1, `${streams} streams of a window of ${length}`)
  const windows = Math.floor((tokens.length - 1) / (streams * length))
  return windowsAt(tokens, length, windows * streams, (index) => {
    const [window, stream] = [Math.floor(index / streams), index % streams]
    return (stream * windows + window) * length
  })
}

/** `count` windows of which number i begins at `startOf(i)`. */
const windowsAt = (tokens: Int32Array, length: number, count: number, startOf: (index: number) => number): TextDataset => {
  const place = (index: number): number => {
    if (Number.isInteger(index) && index >= 0 && index < count) return startOf(index)
    throw new DatasetError(`window ${index} does not exist: the text has ${count}, 0 to ${count - 1}`)
  }
  return {
    length: count,
    get(index): Item<'input' | 'target'> {
      const from = place(index)
      return { input: tokens.subarray(from, from + length), target: tokens.subarray(from + 1, from + 1 + length) }
    },
    gather(indices: Int32Array, out: HostBatch<'input' | 'target'>) {
      for (const [row, index] of indices.entries()) {
        const from = place(index)
        out.input.data.set(tokens.subarray(from, from + length), row * length)
        out.target.data.set(tokens.subarray(from + 1, from + 1 + length), row * length)
      }
    },
  }
}

const checkCount = (what: string, name: string, value: number): void => {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new DatasetError(`${what}: ${name} must be a whole number of at least 1, got ${value}`)
}

const needTokens = (what: string, tokens: Int32Array, least: number, which: string): void => {
  if (tokens.length >= least) return
  throw new DatasetError(
    `${what}: ${which} and the token after it need ${least} tokens, and the text has ${tokens.length}; ` +
      'use shorter windows or a longer text',
  )
}
