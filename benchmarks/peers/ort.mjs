/** ONNX Runtime, which has no gradients: its build for the web, in WebAssembly, or the native one for Node. */
import { Graph } from './onnx.mjs'
import { mode, serveWorkload, threads } from './serve.mjs'
import { firstImages, generate, gptSizes, mapWeights, rootMeanSquare, tokenSum } from './workloads.mjs'

const runtimes = {
  web: async () => {
    const ort = await import('onnxruntime-web')
    ort.env.wasm.numThreads = threads
    return { ort, options: { executionProviders: ['wasm'] } }
  },
  node: async () => ({
    ort: (await import('onnxruntime-node')).default,
    options: { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 },
  }),
}
const { ort, options } = await runtimes[mode]()

const tensor = (data, shape) => new ort.Tensor(data instanceof Int32Array ? 'int32' : 'float32', data, shape)

/** A step that runs a model on `inputs`, by `build(graph, names)`, which gives the name of its output. */
const output = async (inputs, build) => {
  const graph = new Graph()
  const names = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, graph.input(name, shape)]))
  const result = build(graph, names)
  const session = await ort.InferenceSession.create(graph.toModel(result), options)
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tensor(data, shape)]))
  let y
  return {
    step: async () => {
      y = (await session.run(feeds))[result]
    },
    check: () => rootMeanSquare(y.data),
  }
}

const cnnInfer = (inputs, count) => {
  const images = { data: firstImages(inputs, count), shape: [count, 1, 28, 28] }
  return output({ images }, (graph, { images }) => {
    const w = mapWeights(inputs, (data, shape) => graph.constant(data, shape))
    const convolution = (x, name) => {
      const y = graph.op('Conv', [x, w[`${name}.weight`], w[`${name}.bias`]], { pads: [1, 1, 1, 1] })
      return graph.op('MaxPool', [graph.op('Relu', [y])], { kernel_shape: [2, 2], strides: [2, 2] })
    }
    const dense = (x, name) => graph.op('Gemm', [x, w[`${name}.weight`], w[`${name}.bias`]], { transB: 1 })
    const features = graph.op('Flatten', [convolution(convolution(images, 'conv1'), 'conv2')])
    return dense(graph.op('Relu', [dense(features, 'fc1')]), 'fc2')
  })
}

/** One token after another: the inputs and outputs of the model are the caches of each layer, keys as [1, H, D, P], values as [1, H, P, D]. */
const gptGenerate = async (inputs) => {
  const { width, layers, heads, headWidth } = gptSizes(inputs)
  const graph = new Graph()
  const w = mapWeights(inputs, (data, shape) => graph.constant(data, shape))
  const op = (...args) => graph.op(...args)
  const linear = (x, weight) => op('MatMul', [x, op('Transpose', [weight])])
  const layerNorm = (x, weight) => op('LayerNormalization', [x, weight], { epsilon: 1e-5 })
  const [token, position] = ['token', 'position'].map((name) => graph.input(name, [1], Int32Array))

  let x = op('Add', [op('Gather', [w['wte.weight'], token]), op('Gather', [w['wpe.weight'], position])]) // [1, C]
  const caches = Array.from({ length: layers }, (_, l) => {
    const weight = (name) => w[`blocks.${l}.${name}.weight`]
    const projected = linear(layerNorm(x, weight('ln1')), weight('attn'))
    const [q, k, v] = graph.ops('Split', [projected], 3, { axis: 1, num_outputs: 3 })
    const reshape = (value, ...shape) => op('Reshape', [value, graph.integers(...shape)])
    const keys = { past: graph.input(`keys${l}`, [1, heads, headWidth, 'past']), shape: [1, heads, headWidth, 0] }
    const values = { past: graph.input(`values${l}`, [1, heads, 'past', headWidth]), shape: [1, heads, 0, headWidth] }
    keys.present = op('Concat', [keys.past, reshape(k, 1, heads, headWidth, 1)], { axis: 3 })
    values.present = op('Concat', [values.past, reshape(v, 1, heads, 1, headWidth)], { axis: 2 })
    const scores = op('Div', [op('MatMul', [reshape(q, 1, heads, 1, headWidth), keys.present]), graph.scalar(Math.sqrt(headWidth))])
    const attended = op('MatMul', [op('Softmax', [scores]), values.present])
    x = op('Add', [x, linear(reshape(attended, 1, width), weight('proj'))])
    const hidden = op('Gelu', [linear(layerNorm(x, weight('ln2')), weight('fc'))], { approximate: 'tanh' })
    x = op('Add', [x, linear(hidden, weight('fcproj'))])
    return [keys, values]
  }).flat()
  const logits = linear(layerNorm(x, w['lnf.weight']), w['wte.weight'])
  const session = await ort.InferenceSession.create(graph.toModel(logits, ...caches.map(({ present }) => present)), options)

  let tokens
  return {
    step: async () => {
      let cached = Object.fromEntries(caches.map(({ past, shape }) => [past, tensor(new Float32Array(0), shape)]))
      tokens = await generate(async (token, position) => {
        const outputs = await session.run({
          token: tensor(Int32Array.of(token), [1]),
          position: tensor(Int32Array.of(position), [1]),
          ...cached,
        })
        cached = Object.fromEntries(caches.map(({ past, present }) => [past, outputs[present]]))
        return outputs[logits].data
      })
    },
    check: () => tokenSum(tokens),
  }
}

/** A step that computes `build(graph, names)` of all its inputs. */
const operation = (build) => (inputs) => output(inputs, build)

const ofRows =
  (build) =>
  ({ x }) =>
    output({ x }, (graph, { x }) => build(graph, x))

serveWorkload({
  'cnn-infer': cnnInfer,
  'gpt-generate': gptGenerate,
  matmul: operation((graph, { a, b }) => graph.op('MatMul', [a, b])),
  gelu: ofRows((graph, x) => {
    const y = graph.op('Add', [graph.op('Mul', [x, graph.scalar(1.5)]), graph.scalar(0.25)])
    return graph.op('Gelu', [y], { approximate: 'tanh' })
  }),
  softmax: ofRows((graph, x) => graph.op('Softmax', [x])),
  layernorm: operation((graph, { x, weight, bias }) => graph.op('LayerNormalization', [x, weight, bias], { epsilon: 1e-5 })),
  sum0: ofRows((graph, x) => graph.op('ReduceSum', [x, graph.integers(0)], { keepdims: 0 })),
  sum1: ofRows((graph, x) => graph.op('ReduceSum', [x, graph.integers(1)], { keepdims: 0 })),
})
