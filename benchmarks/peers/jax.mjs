/**
 * jax-js on its wasm backend. A function consumes the arrays that it is given; `ref` is for those that are used again.
 * Node 20 needs --experimental-wasm-relaxed-simd.
 */
import './jax-globals.mjs'
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { serveWorkload } from './serve.mjs'
import { firstImages, generate, gptSizes, imageBatches, mapWeights, rootMeanSquare, textBatches, tokenSum } from './workloads.mjs'

await init('wasm')
defaultDevice('wasm')

const array = (data, shape) => np.array(data, { dtype: data instanceof Int32Array ? np.int32 : np.float32 }).reshape(shape)

/** A step that computes an array of those in `inputs`. */
const output = async (compute, inputs) => {
  const compiled = jit(compute)
  await blockUntilReady(inputs)
  let y
  return {
    step: async () => {
      y?.dispose()
      y = await blockUntilReady(compiled(tree.ref(inputs)))
    },
    check: async () => rootMeanSquare(await y.ref.data()),
  }
}

/** A step that replaces `state` by means of `update(state, batch)`, which gives the loss too. */
const training = async (state, update, batchOf) => {
  const compiled = jit(update)
  await blockUntilReady(state)
  return {
    step: async (i) => {
      const [next, loss] = compiled(state, batchOf(i))
      state = await blockUntilReady(next)
      return (await loss.data())[0]
    },
  }
}

const zerosLike = (weights) => tree.map((weight) => np.zeros(weight.shape), weights)

/** x Wᵀ */
const linear = (x, weight) => np.matmul(x, weight.transpose())

const crossEntropy = (logits, labels) => nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, logits.shape[1])).sum(-1).mean().neg()

const gelu = (x) => nn.gelu(x, { approximate: true })

const layerNorm = (x, weight) => {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }))
  const variance = np.square(centred.ref).mean(-1, { keepdims: true })
  return centred.div(np.sqrt(variance.add(1e-5))).mul(weight)
}

/** [n, 1, 28, 28] → [n, 10] */
const cnn = (w, images) => {
  const convolution = (x, name) => {
    const y = nn.relu(lax.convGeneralDilated(x, w[`${name}.weight`], [1, 1], 'SAME').add(w[`${name}.bias`].reshape([-1, 1, 1])))
    const [n, channels, height, width] = y.shape
    return y.reshape([n, channels, height / 2, 2, width / 2, 2]).max([3, 5])
  }
  const dense = (x, name) => linear(x, w[`${name}.weight`]).add(w[`${name}.bias`])
  const features = convolution(convolution(images, 'conv1'), 'conv2').reshape([-1, 1568])
  return dense(nn.relu(dense(features, 'fc1')), 'fc2')
}

const cnnTrain = (inputs) => {
  const [w, batchOf] = [mapWeights(inputs, array), imageBatches(inputs)]
  const lossOf = (w, { images, labels }) => crossEntropy(cnn(w, images), labels)
  const update = ({ w, velocity }, batch) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(w), batch)
    velocity = tree.map((v, gradient) => v.mul(0.5).add(gradient), velocity, gradients)
    return [{ w: tree.map((weight, v) => weight.sub(v.mul(0.01)), w, tree.ref(velocity)), velocity }, loss]
  }
  return training({ w, velocity: zerosLike(w) }, update, (i) => {
    const { images, labels } = batchOf(i)
    return { images: array(images, [labels.length, 1, 28, 28]), labels: array(labels, [labels.length]) }
  })
}

const cnnInfer = (inputs, count) =>
  output(({ w, images }) => cnn(w, images), {
    w: mapWeights(inputs, array),
    images: array(firstImages(inputs, count), [count, 1, 28, 28]),
  })

/** Training by Adam, on text. `decay` says what a weight of that name loses at each step, in learning rates. */
const adamTraining = (w, lossOf, batchOf, length, { learningRate, betas: [beta1, beta2], decay = () => 0 }) => {
  const update = ({ w, m, v }, { x, y, corrections }) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(w), { x, y })
    m = tree.map((m, gradient) => m.mul(beta1).add(gradient.mul(1 - beta1)), m, tree.ref(gradients))
    v = tree.map((v, gradient) => v.mul(beta2).add(np.square(gradient).mul(1 - beta2)), v, gradients)
    const next = Object.keys(w).map((name) => {
      const [first, second] = [m[name].ref.mul(corrections.ref.slice(0)), v[name].ref.mul(corrections.ref.slice(1))]
      const kept = w[name].mul(1 - learningRate * decay(name))
      return [name, kept.sub(first.div(np.sqrt(second).add(1e-8)).mul(learningRate))]
    })
    corrections.dispose()
    return [{ w: Object.fromEntries(next), m, v }, loss]
  }
  return training({ w, m: zerosLike(w), v: zerosLike(w) }, update, (i) => {
    const { x, y } = batchOf(i)
    const corrections = new Float32Array([beta1, beta2].map((beta) => 1 / (1 - beta ** (i + 1))))
    return { x: array(x, [-1, length]), y: array(y, [y.length]), corrections: array(corrections, [2]) }
  })
}

const lstmTrain = (inputs) => {
  const [length, hidden] = [50, 128]
  /** [B, T, in] → [B, T, hidden] */
  const lstm = (x, l, w) => {
    const bias = w[`lstm.bias_ih_l${l}`].add(w[`lstm.bias_hh_l${l}`])
    const projected = np.unstack(linear(x, w[`lstm.weight_ih_l${l}`]).add(bias), 1)
    const weight = w[`lstm.weight_hh_l${l}`]
    let [h, c] = [0, 1].map(() => np.zeros([x.shape[0], hidden]))
    const states = projected.map((gates) => {
      const [i, f, g, o] = np.split(gates.add(linear(h, weight.ref)), 4, 1)
      c = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(g)))
      h = nn.sigmoid(o).mul(np.tanh(c.ref))
      return h.ref
    })
    tree.dispose([weight, h, c])
    return np.stack(states, 1)
  }
  const lossOf = (w, { x, y }) => {
    const embedded = np.matmul(nn.oneHot(x, 65), w['embedding.weight']) // np.take, which serves the GPT, fails here when compiled.
    const states = lstm(lstm(embedded, 0, w), 1, w)
    return crossEntropy(linear(states, w['out.weight']).add(w['out.bias']).reshape([-1, 65]), y)
  }
  return adamTraining(mapWeights(inputs, array), lossOf, textBatches(inputs, length), length, { learningRate: 2e-3, betas: [0.9, 0.999] })
}

/** [B, T, C] → [B, T, vocabulary]; `attend(l, q, k, v)` is attention of [B, T, H, D] in layer l. */
const transform = (w, x, { layers, heads, headWidth }, attend) => {
  const [batch, length] = x.shape
  for (let l = 0; l < layers; l++) {
    const weight = (name) => w[`blocks.${l}.${name}.weight`]
    const projected = np.split(linear(layerNorm(x.ref, weight('ln1')), weight('attn')), 3, 2)
    const attended = attend(l, ...projected.map((part) => part.reshape([batch, length, heads, headWidth])))
    x = x.add(linear(attended.reshape([batch, length, -1]), weight('proj')))
    x = x.ref.add(linear(gelu(linear(layerNorm(x, weight('ln2')), weight('fc'))), weight('fcproj')))
  }
  return linear(layerNorm(x, w['lnf.weight']), w['wte.weight'])
}

const gptTrain = (inputs) => {
  const sizes = gptSizes(inputs)
  const { block, vocabulary } = sizes
  const lossOf = (w, { x, y }) => {
    const embedded = np.take(w['wte.weight'].ref, x, 0).add(w['wpe.weight'])
    const logits = transform(w, embedded, sizes, (_, q, k, v) => nn.dotProductAttention(q, k, v, { isCausal: true }))
    return crossEntropy(logits.reshape([-1, vocabulary]), y)
  }
  const w = mapWeights(inputs, array)
  const matrices = new Set(Object.keys(w).filter((name) => w[name].ndim === 2))
  return adamTraining(w, lossOf, textBatches(inputs, block), block, {
    learningRate: 1e-3,
    betas: [0.9, 0.99],
    decay: (name) => (matrices.has(name) ? 0.1 : 0),
  })
}

/** The cache has its full length from the first token on, so that what is compiled once serves every position. */
const gptGenerate = async (inputs) => {
  const sizes = gptSizes(inputs)
  const { block, layers, heads, headWidth } = sizes
  const decode = jit((w, token, position, cache) => {
    const here = nn.oneHot(position.ref, block).reshape([1, block, 1, 1])
    const seen = np.arange(block).astype(np.int32).lessEqual(position.ref).reshape([1, 1, 1, block])
    const write = (cached, own) => cached.mul(here.ref.neg().add(1)).add(own.mul(here.ref))
    const written = []
    const x = np
      .take(w['wte.weight'].ref, token, 0)
      .add(np.take(w['wpe.weight'], position, 0))
      .reshape([1, 1, -1])
    const logits = transform(w, x, sizes, (l, q, k, v) => {
      const [keys, values] = [write(cache[l][0], k), write(cache[l][1], v)]
      written.push([keys.ref, values.ref])
      return nn.dotProductAttention(q, keys, values, { mask: seen.ref })
    })
    tree.dispose([here, seen])
    return [logits.reshape([-1]), written]
  })

  const w = mapWeights(inputs, array)
  await blockUntilReady(w)
  let tokens
  return {
    step: async () => {
      let cache = Array.from({ length: layers }, () => [0, 1].map(() => np.zeros([1, block, heads, headWidth])))
      tokens = await generate(async (token, position) => {
        const [logits, next] = decode(tree.ref(w), array(Int32Array.of(token), []), array(Int32Array.of(position), []), cache)
        cache = next
        return logits.data()
      })
      tree.dispose(cache)
    },
    check: () => tokenSum(tokens),
  }
}

/** A step that computes `op` of all its inputs. */
const operation = (op) => (inputs) =>
  output(op, Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, array(data, shape)])))

/** Those that it has no use for are to be disposed of too, and each operation on rows is given all. */
const ofRows =
  (op) =>
  ({ x }) =>
    operation(({ x }) => op(x))({ x })

serveWorkload({
  'cnn-train': cnnTrain,
  'cnn-infer': cnnInfer,
  'lstm-train': lstmTrain,
  'gpt-train': gptTrain,
  'gpt-generate': gptGenerate,
  matmul: operation(({ a, b }) => np.matmul(a, b)),
  gelu: ofRows((x) => gelu(x.mul(1.5).add(0.25))),
  softmax: ofRows((x) => nn.softmax(x, -1)),
  layernorm: operation(({ x, weight, bias }) => layerNorm(x, weight).add(bias)),
  sum0: ofRows((x) => x.sum(0)),
  sum1: ofRows((x) => x.sum(1)),
})
