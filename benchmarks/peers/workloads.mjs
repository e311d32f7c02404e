/** What the workloads are, apart from any library: their batches, their sizes, what is compared of their outputs. */

/** @typedef {import('./inputs.mjs').Inputs} Inputs */

/** The weights among the inputs, each as `make` makes it. @param {Inputs} inputs */
export const mapWeights = (inputs, make) =>
  Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => /\.(weight|bias)/.test(name))
      .map(([name, { shape, data }]) => [name, make(data, shape, name)]),
  )

const batchSize = 64

/** Step i's [64, 1, 28, 28] images and their labels. @param {Inputs} inputs */
export const imageBatches = ({ images, labels }) => {
  const [batches, pixels] = [images.shape[0] / batchSize, 28 * 28]
  return (i) => {
    const first = (i % batches) * batchSize
    return {
      images: images.data.subarray(first * pixels, (first + batchSize) * pixels),
      labels: labels.data.subarray(first, first + batchSize),
    }
  }
}

/** Step i's [batch, length] characters, and those that follow each. @param {Inputs} inputs */
export const textBatches = ({ text, offsets }, length) => {
  const [rows, batch] = offsets.shape
  const take = (row, shift) => {
    const characters = new Int32Array(batch * length)
    for (let b = 0; b < batch; b++) {
      const from = offsets.data[row * batch + b] + shift
      characters.set(text.data.subarray(from, from + length), b * length)
    }
    return characters
  }
  return (i) => ({ x: take(i % rows, 0), y: take(i % rows, 1) })
}

/** The first `count` images. @param {Inputs} inputs */
export const firstImages = ({ images }, count) => images.data.subarray(0, count * 28 * 28)

/** The sizes of the GPT whose weights these are. @param {Inputs} inputs */
export const gptSizes = (inputs) => {
  const [block, width] = inputs['wpe.weight'].shape
  const [layers, heads] = [Object.keys(inputs).filter((name) => name.endsWith('.ln1.weight')).length, 4]
  return { block, width, layers, heads, headWidth: width / heads, vocabulary: inputs['wte.weight'].shape[0] }
}

/** What is compared of an output: the root of its mean square. */
export const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

/** What is compared of a text: Σ (k + 1) · token k. */
export const tokenSum = (tokens) => tokens.reduce((sum, token, k) => sum + (k + 1) * token, 0)

/**
 * The tokens of a text that is made greedily: each is the likeliest after the one before, from token 0 at position 0 on.
 * @param {(token: number, position: number) => Float32Array | Promise<Float32Array>} decode gives the logits
 */
export const generate = async (decode, length = 63) => {
  const tokens = []
  for (let position = 0; position < length; position++) {
    const logits = await decode(tokens.at(-1) ?? 0, position)
    tokens.push(logits.indexOf(Math.max(...logits)))
  }
  return tokens
}
