import { draw, filled, type Inputs, integers, makeText } from './inputs.ts'
import { uniform } from './random.ts'

export interface Workload {
  readonly what: string
  readonly inputs: () => Inputs
  /** Of each step a loss. Otherwise peers are held against each other by a number made of their output. */
  readonly trains: boolean
}

/** Ten patterns of 7×7 blocks under noise: as learnable as digits, and no download. */
const cnn = (): Inputs => {
  const random = uniform(1)
  const patterns = draw(random, [10, 49], 1).data
  const labels = integers(random, [1280], 10)
  const images = draw(random, [1280, 1, 28, 28], 1)
  images.data.forEach((noise, i) => {
    const block = Math.floor((i % 784) / 112) * 7 + Math.floor((i % 28) / 4)
    images.data[i] = noise + patterns[labels.data[Math.floor(i / 784)]! * 49 + block]!
  })
  const layer = (name: string, out: number, ...each: readonly number[]): Inputs => {
    const bound = 1 / Math.sqrt(each.reduce((a, b) => a * b))
    return { [`${name}.weight`]: draw(random, [out, ...each], bound), [`${name}.bias`]: draw(random, [out], bound) }
  }
  return {
    images,
    labels,
    ...layer('conv1', 16, 1, 3, 3),
    ...layer('conv2', 32, 16, 3, 3),
    ...layer('fc1', 128, 1568),
    ...layer('fc2', 10, 128),
  }
}

export const vocabulary = 65
const textLength = 200_000
const offsets = (rows: number, batch: number) => integers(uniform(4), [rows, batch], textLength - 300)

const lstm = (): Inputs => {
  const random = uniform(5)
  const [hidden, bound] = [128, 1 / Math.sqrt(128)]
  const layer = (l: number): Inputs => ({
    [`lstm.weight_ih_l${l}`]: draw(random, [4 * hidden, hidden], bound),
    [`lstm.weight_hh_l${l}`]: draw(random, [4 * hidden, hidden], bound),
    [`lstm.bias_ih_l${l}`]: draw(random, [4 * hidden], bound),
    [`lstm.bias_hh_l${l}`]: draw(random, [4 * hidden], bound),
  })
  return {
    text: makeText(textLength, vocabulary),
    offsets: offsets(200, 50),
    'embedding.weight': draw(random, [vocabulary, hidden], Math.sqrt(3)),
    ...layer(0),
    ...layer(1),
    'out.weight': draw(random, [vocabulary, hidden], bound),
    'out.bias': draw(random, [vocabulary], bound),
  }
}

export interface GPTSize {
  readonly block: number
  readonly batch: number
  readonly layers: number
  readonly heads: number
  readonly width: number
}

/** nanoGPT's setting for a CPU, and a bigger one. */
export const gptSizes: Readonly<Record<'gpt-train' | 'gpt-big-train', GPTSize>> = {
  'gpt-train': { block: 64, batch: 12, layers: 4, heads: 4, width: 128 },
  'gpt-big-train': { block: 256, batch: 16, layers: 6, heads: 6, width: 384 },
}

const gpt = ({ block, batch, layers, width }: GPTSize, rows: number): Inputs => {
  const random = uniform(6)
  const bound = 0.02 * Math.sqrt(3) // a standard deviation of 0.02
  const weight = (...shape: readonly number[]) => draw(random, shape, bound)
  const residual = (...shape: readonly number[]) => draw(random, shape, bound / Math.sqrt(2 * layers))
  const ones = filled([width], 1)
  const blocks = Array.from(
    { length: layers },
    (_, l): Inputs => ({
      [`blocks.${l}.ln1.weight`]: ones,
      [`blocks.${l}.attn.weight`]: weight(3 * width, width),
      [`blocks.${l}.proj.weight`]: residual(width, width),
      [`blocks.${l}.ln2.weight`]: ones,
      [`blocks.${l}.fc.weight`]: weight(4 * width, width),
      [`blocks.${l}.fcproj.weight`]: residual(width, 4 * width),
    }),
  )
  return {
    text: makeText(textLength, vocabulary),
    offsets: offsets(rows, batch),
    'wte.weight': weight(vocabulary, width),
    'wpe.weight': weight(block, width),
    ...Object.assign({}, ...blocks),
    'lnf.weight': ones,
  }
}

const rows = (): Inputs => {
  const random = uniform(7)
  return { x: draw(random, [4096, 1024], 3), weight: draw(random, [1024], 1), bias: draw(random, [1024], 1) }
}

const matmul = (n: number): Workload => ({
  what: `a product of two ${n}×${n} matrices`,
  inputs: () => {
    const random = uniform(8)
    return { a: draw(random, [n, n], 1), b: draw(random, [n, n], 1) }
  },
  trains: false,
})

const small = gptSizes['gpt-train']
const described = ({ block, batch, layers, heads, width }: GPTSize): string =>
  `a training step of a GPT: ${layers} layers, ${heads} heads, ${width} wide, ${batch} sequences of ${block}, AdamW`

const fixed: Readonly<Record<string, Workload>> = {
  'cnn-train': { what: 'a training step of the small CNN: batch 64, SGD with momentum', inputs: cnn, trains: true },
  'lstm-train': { what: 'a training step of an LSTM: 2 layers of 128, 50 sequences of 50, 65 symbols, Adam', inputs: lstm, trains: true },
  'gpt-train': { what: described(small), inputs: () => gpt(small, 400), trains: true },
  'gpt-big-train': { what: described(gptSizes['gpt-big-train']), inputs: () => gpt(gptSizes['gpt-big-train'], 50), trains: true },
  'cnn-infer-1': { what: 'the small CNN on one image', inputs: cnn, trains: false },
  'cnn-infer-256': { what: 'the small CNN on 256 images', inputs: cnn, trains: false },
  'gpt-generate': { what: '63 tokens from the small GPT, with a KV cache', inputs: () => gpt(small, 400), trains: false },
  gelu: { what: 'gelu(1.5 x + 0.25), 4096×1024', inputs: rows, trains: false },
  softmax: { what: 'softmax over the rows of 4096×1024', inputs: rows, trains: false },
  layernorm: { what: 'layer norm over the rows of 4096×1024', inputs: rows, trains: false },
  sum0: { what: 'sums over the columns of 4096×1024', inputs: rows, trains: false },
  sum1: { what: 'sums over the rows of 4096×1024', inputs: rows, trains: false },
}

export const workloadNames: readonly string[] = [...Object.keys(fixed), ...[16, 64, 256, 512, 1024, 2048].map((n) => `matmul-${n}`)]

/** One of `workloadNames`, or `matmul-N` for any N; else undefined. */
export const workloadOf = (name: string): Workload | undefined => {
  const n = /^matmul-([1-9]\d{0,4})$/.exec(name)?.[1]
  return n === undefined ? fixed[name] : matmul(Number(n))
}
