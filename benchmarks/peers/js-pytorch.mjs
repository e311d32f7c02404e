/**
 * js-pytorch, on nested arrays. Of its layers few are used: they have biases, another scale of attention, ReLU, no epsilon in the layer
 * norm. Nor is attention's softmax its own, which has a wrong gradient where rows and columns are as many.
 */
import { torch } from 'js-pytorch'
import { serveWorkload } from './serve.mjs'
import { gptSizes, mapWeights, rootMeanSquare, textBatches } from './workloads.mjs'

/** A flat array as nested ones. */
const nest = (data, [size, ...rest]) => {
  if (rest.length === 0) return [...data]
  const each = data.length / size
  return Array.from({ length: size }, (_, i) => nest(data.subarray(i * each, (i + 1) * each), rest))
}

const tensor = (data, shape) => torch.tensor(nest(data, shape))

/** [out][in] → [in][out] */
const transpose = (rows) => rows[0].map((_, i) => rows.map((row) => row[i]))

/** gelu(x) = x / (1 + exp(-2 √(2/π) (x + 0.044715 x³))): it has no tanh, and a cube's gradient is wrong. */
const gelu = (x) => {
  const scale = -2 * Math.sqrt(2 / Math.PI)
  const slope = x
    .mul(x)
    .mul(0.044715 * scale)
    .add(scale)
  return x.div(slope.mul(x).exp().add(1))
}

const layerNorm = (x, weight) => x.sub(x.mean(-1)).div(x.variance(-1).add(1e-5).sqrt()).mul(weight)

const gptTrain = (inputs) => {
  const { block, width, layers, heads, headWidth } = gptSizes(inputs)
  /** Matrices as [in, out]; that of q, k and v in three, as it has no slices. */
  const w = mapWeights(inputs, (data, shape, name) => {
    const rows = nest(data, shape)
    if (shape.length === 1 || /^w[tp]e/.test(name)) return new torch.Parameter(rows)
    if (!name.includes('attn')) return new torch.Parameter(transpose(rows))
    return [0, 1, 2].map((part) => new torch.Parameter(transpose(rows.slice(part * width, (part + 1) * width))))
  })
  const ones = torch.ones([block, block])
  const causal = torch.tril([block, block])

  /** [B, T, C] → [B, H, T, D] */
  const splitHeads = (x) => x.reshape([x.shape[0], block, heads, headWidth]).transpose(1, 2)
  const attention = (q, k, v) => {
    const scores = q.matmul(k.transpose(2, 3)).div(Math.sqrt(headWidth))
    const weights = scores.masked_fill(torch.broadcast(causal, scores), (seen) => seen === 0, Number.NEGATIVE_INFINITY).exp()
    return weights.div(weights.matmul(ones)).matmul(v).transpose(1, 2)
  }

  const forward = (tokens, batch) => {
    const shape = [batch, block, width]
    let x = w['wte.weight'].at(tokens).reshape(shape).add(w['wpe.weight'])
    for (let l = 0; l < layers; l++) {
      const weight = (name) => w[`blocks.${l}.${name}.weight`]
      const normed = layerNorm(x, weight('ln1'))
      const [q, k, v] = weight('attn').map((part) => splitHeads(normed.matmul(part)))
      x = x.add(attention(q, k, v).reshape(shape).matmul(weight('proj')))
      x = x.add(gelu(layerNorm(x, weight('ln2')).matmul(weight('fc'))).matmul(weight('fcproj')))
    }
    return layerNorm(x, w['lnf.weight']).matmul(w['wte.weight'].transpose(0, 1))
  }

  const parameters = Object.values(w).flat()
  const [learningRate, beta1, beta2] = [1e-3, 0.9, 0.99]
  const optimizers = [0.1, 0].map((decay) => ({
    decay,
    adam: new torch.optim.Adam(
      parameters.filter(({ ndims }) => (ndims === 2) === decay > 0),
      learningRate,
      decay,
      [beta1, beta2],
    ),
  }))
  /** Its Adam does not correct the bias of its averages: the learning rate and epsilon of each step do it here. */
  const update = (t) => {
    const root = Math.sqrt(1 - beta2 ** t)
    for (const { adam, decay } of optimizers) {
      adam.lr = (learningRate * root) / (1 - beta1 ** t)
      adam.eps = 1e-8 * root
      adam.reg = (decay * learningRate) / adam.lr
      adam.step()
      adam.zero_grad()
    }
  }

  const [batchOf, crossEntropy] = [textBatches(inputs, block), new torch.nn.CrossEntropyLoss()]
  return {
    step: (i) => {
      const { x, y } = batchOf(i)
      const loss = crossEntropy.forward(forward([...x], x.length / block), torch.tensor([...y]))
      loss.backward()
      update(i + 1)
      return loss.data[0]
    },
  }
}

/** A step that computes a tensor of all inputs. */
const operation = (op) => (inputs) => {
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tensor(data, shape)]))
  let y
  return {
    step: () => {
      y = op(tensors)
    },
    check: () => rootMeanSquare(y.data.flat()),
  }
}

const softmax = new torch.nn.Softmax()

serveWorkload({
  'gpt-train': gptTrain,
  matmul: operation(({ a, b }) => a.matmul(b)),
  gelu: operation(({ x }) => gelu(x.mul(1.5).add(0.25))),
  softmax: operation(({ x }) => softmax.forward(x)),
  layernorm: operation(({ x, weight, bias }) => layerNorm(x, weight).add(bias)),
  sum0: operation(({ x }) => x.sum(0)),
  sum1: operation(({ x }) => x.sum(1)),
})
