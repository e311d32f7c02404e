/** TensorFlow.js, on its cpu or its wasm backend. It wants NHWC images, HWIO kernels, and dense weights as [in, out]. */
import * as tf from '@tensorflow/tfjs'
import { mode, serveWorkload, threads } from './serve.mjs'
import { firstImages, generate, gptSizes, imageBatches, mapWeights, rootMeanSquare, textBatches, tokenSum } from './workloads.mjs'

tf.enableProdMode()
if (mode === 'wasm') await import('@tensorflow/tfjs-backend-wasm')
if (threads > 1) await (await import('./tfjs-threads.mjs')).startThreads(threads)
else await tf.setBackend(mode)

/** A step that computes a tensor. Kernels are done when they return. */
const output = (compute) => {
  let y
  return {
    step: () => {
      y?.dispose()
      y = tf.tidy(compute)
    },
    check: () => rootMeanSquare(y.dataSync()),
  }
}

/** A step that updates its variables and gives its loss as a tensor. */
const training = (update) => ({
  step: (i) => {
    const loss = tf.tidy(() => update(i))
    const [value] = loss.dataSync()
    loss.dispose()
    return value
  },
})

/** Matrices lie as [in, out], but for the tables of embeddings: the product with a transposed one takes a slower way. */
const variables = (inputs) =>
  mapWeights(inputs, (data, shape, name) => {
    const weight = tf.tensor(data, shape)
    return tf.variable(shape.length === 2 && !/^(wte|wpe|embedding)/.test(name) ? weight.transpose() : weight)
  })

/** [..., in] → [..., out]: a product of matrices is faster than one of batches. */
const linear = (x, weight) =>
  x
    .reshape([-1, x.shape.at(-1)])
    .matMul(weight)
    .reshape([...x.shape.slice(0, -1), -1])

/** wasm has no gradient of a gather. */
const embed = (tokens, table) => (mode === 'wasm' ? linear(tf.oneHot(tokens, table.shape[0]).toFloat(), table) : tf.gather(table, tokens))

const crossEntropy = (logits, labels) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]), logits)

const gelu = (x) => x.mul(0.5).mul(tf.tanh(x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))).add(1))

const layerNorm = (x, weight) => {
  const { mean, variance } = tf.moments(x, -1, true)
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(weight)
}

/** [n, 28, 28, 1] → [n, 10] */
const cnn = (inputs) => {
  const hwio = (weight) => weight.transpose([2, 3, 1, 0])
  const arrangements = {
    'conv1.weight': hwio,
    'conv2.weight': hwio,
    'fc1.weight': (weight) => hwio(weight.reshape([-1, 32, 7, 7])).reshape([1568, -1]), // from C·H·W to H·W·C
    'fc2.weight': (weight) => weight.transpose(),
  }
  const w = mapWeights(inputs, (data, shape, name) => tf.variable((arrangements[name] ?? tf.clone)(tf.tensor(data, shape))))
  const convolution = (x, name) => x.conv2d(w[`${name}.weight`], 1, 'same').add(w[`${name}.bias`]).relu().maxPool(2, 2, 'valid')
  const dense = (x, name) => x.matMul(w[`${name}.weight`]).add(w[`${name}.bias`])
  return (images) => dense(dense(convolution(convolution(images, 'conv1'), 'conv2').reshape([-1, 1568]), 'fc1').relu(), 'fc2')
}

const cnnTrain = (inputs) => {
  const [forward, batchOf] = [cnn(inputs), imageBatches(inputs)]
  const optimizer = tf.train.momentum(0.01, 0.5)
  return training((i) => {
    const { images, labels } = batchOf(i)
    return optimizer.minimize(() => crossEntropy(forward(tf.tensor4d(images, [labels.length, 28, 28, 1])), labels), true)
  })
}

const cnnInfer = (inputs, count) => {
  const [forward, images] = [cnn(inputs), tf.tensor4d(firstImages(inputs, count), [count, 28, 28, 1])]
  return output(() => forward(images))
}

const lstmTrain = (inputs) => {
  const [length, hidden] = [50, 128]
  const [w, batchOf] = [variables(inputs), textBatches(inputs, length)]
  /** [B, in] of each step → [B, hidden] of each step. A tensor of all steps is not made: taking a slice of one copies it whole. */
  const lstm = (inputs, l) => {
    const [weightIh, weightHh] = [w[`lstm.weight_ih_l${l}`], w[`lstm.weight_hh_l${l}`]]
    const bias = w[`lstm.bias_ih_l${l}`].add(w[`lstm.bias_hh_l${l}`])
    let [h, c] = [tf.zeros([inputs[0].shape[0], hidden]), tf.zeros([inputs[0].shape[0], hidden])]
    return inputs.map((x) => {
      const [i, f, g, o] = tf.split(x.matMul(weightIh).add(h.matMul(weightHh)).add(bias), 4, 1)
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()))
      h = o.sigmoid().mul(c.tanh())
      return h
    })
  }
  /** Characters [B] of each step → [B·T, vocabulary] */
  const forward = (tokens) => {
    const states = lstm(
      lstm(
        tokens.map((token) => embed(token, w['embedding.weight'])),
        0,
      ),
      1,
    )
    return linear(tf.stack(states, 1), w['out.weight']).add(w['out.bias']).reshape([-1, 65])
  }
  const optimizer = tf.train.adam(2e-3, 0.9, 0.999, 1e-8)
  return training((i) => {
    const { x, y } = batchOf(i)
    const tokens = Array.from({ length }, (_, t) =>
      tf.tensor1d(
        x.filter((_, k) => k % length === t),
        'int32',
      ),
    )
    return optimizer.minimize(() => crossEntropy(forward(tokens), y), true)
  })
}

const gpt = (inputs) => {
  const { block, layers, heads, headWidth } = gptSizes(inputs)
  const w = variables(inputs)
  const future = tf.linalg
    .bandPart(tf.ones([block, block]), -1, 0)
    .sub(1)
    .mul(1e9)
  /** [B, T, C] → [B, H, T, D] */
  const splitHeads = (x) => x.reshape([x.shape[0], x.shape[1], heads, headWidth]).transpose([0, 2, 1, 3])

  /** The keys and values to attend to are what `recall` makes of a layer's own. */
  const transform = (x, recall, mask) => {
    for (let l = 0; l < layers; l++) {
      const weight = (name) => w[`blocks.${l}.${name}.weight`]
      const [q, k, v] = tf.split(linear(layerNorm(x, weight('ln1')), weight('attn')), 3, -1).map(splitHeads)
      const [keys, values] = recall(l, k, v)
      const scores = q.matMul(keys, false, true).div(Math.sqrt(headWidth))
      const attended = tf.softmax(mask ? scores.add(mask) : scores).matMul(values)
      x = x.add(linear(attended.transpose([0, 2, 1, 3]).reshape(x.shape), weight('proj')))
      x = x.add(linear(gelu(linear(layerNorm(x, weight('ln2')), weight('fc'))), weight('fcproj')))
    }
    return layerNorm(x, w['lnf.weight']).reshape([-1, x.shape[2]]).matMul(w['wte.weight'], false, true)
  }

  return {
    variables: Object.values(w),
    /** [B, T] → [B·T, vocabulary] */
    forward: (tokens) => transform(embed(tokens, w['wte.weight']).add(w['wpe.weight']), (_, k, v) => [k, v], future),
    /** The logits of what follows `token`; `cache` has each layer's keys and values of the tokens before, and gets its own. */
    decode: (token, position, cache) =>
      tf.tidy(() => {
        const x = tf.gather(w['wte.weight'], [token]).add(w['wpe.weight'].slice(position, 1)).expandDims()
        const recall = (l, ...own) => {
          const all = own.map((one, i) => tf.keep(cache[l] ? tf.concat([cache[l][i], one], 2) : one.clone()))
          tf.dispose(cache[l])
          cache[l] = all
          return all
        }
        return transform(x, recall).dataSync()
      }),
  }
}

const gptTrain = (inputs) => {
  const { forward, variables } = gpt(inputs)
  const { block } = gptSizes(inputs)
  const [batchOf, learningRate] = [textBatches(inputs, block), 1e-3]
  const decayed = variables.filter(({ rank }) => rank === 2)
  const optimizer = tf.train.adam(learningRate, 0.9, 0.99, 1e-8)
  return training((i) => {
    const { x, y } = batchOf(i)
    const tokens = tf.tensor2d(x, [x.length / block, block], 'int32')
    const { value, grads } = tf.variableGrads(() => crossEntropy(forward(tokens), y))
    for (const variable of decayed) variable.assign(variable.mul(1 - learningRate * 0.1))
    optimizer.applyGradients(grads)
    return value
  })
}

const gptGenerate = (inputs) => {
  const { decode } = gpt(inputs)
  let tokens
  return {
    step: async () => {
      const cache = []
      tokens = await generate((token, position) => decode(token, position, cache))
      tf.dispose(cache)
    },
    check: () => tokenSum(tokens),
  }
}

/** A step that computes `op` of all its inputs. */
const operation = (op) => (inputs) => {
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]))
  return output(() => op(tensors))
}

serveWorkload({
  ...(mode === 'cpu' && { 'cnn-train': cnnTrain }), // wasm has no gradient of a convolution's filter.
  'cnn-infer': cnnInfer,
  'lstm-train': lstmTrain,
  'gpt-train': gptTrain,
  'gpt-generate': gptGenerate,
  matmul: operation(({ a, b }) => a.matMul(b)),
  gelu: operation(({ x }) => gelu(x.mul(1.5).add(0.25))),
  softmax: operation(({ x }) => x.softmax()),
  layernorm: operation(({ x, weight, bias }) => layerNorm(x, weight).add(bias)),
  sum0: operation(({ x }) => x.sum(0)),
  sum1: operation(({ x }) => x.sum(1)),
})
