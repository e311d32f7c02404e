/** ConvNetJS: one image at a time, whose channels lie together (H·W·C). */
import convnetjs from 'convnetjs'
import { serveWorkload } from './serve.mjs'
import { firstImages, imageBatches, rootMeanSquare } from './workloads.mjs'

const pixels = 28 * 28

const volume = (image) => {
  const v = new convnetjs.Vol(28, 28, 1, 0)
  v.w.set(image)
  return v
}

/** The CNN, which ends in `head`. */
const cnn = (inputs, head) => {
  const net = new convnetjs.Net()
  const convolution = (filters) => ({ type: 'conv', sx: 3, filters, stride: 1, pad: 1, activation: 'relu' })
  const pool = { type: 'pool', sx: 2, stride: 2 }
  net.makeLayers([
    { type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 },
    ...[convolution(16), pool, convolution(32), pool],
    { type: 'fc', num_neurons: 128, activation: 'relu' },
    head,
  ])
  const layers = net.layers.filter(({ filters }) => filters)
  for (const [l, name] of ['conv1', 'conv2', 'fc1', 'fc2'].entries()) {
    const [weight, bias] = [inputs[`${name}.weight`].data, inputs[`${name}.bias`].data]
    const { filters, biases } = layers[l]
    const channels = { conv1: 1, conv2: 16, fc1: 32, fc2: 128 }[name]
    const [size, places] = [weight.length / filters.length, weight.length / filters.length / channels]
    for (const [out, { w }] of filters.entries()) {
      for (let i = 0; i < size; i++) w[(i % places) * channels + Math.floor(i / places)] = weight[out * size + i]
    }
    biases.w.set(bias)
  }
  return net
}

const cnnTrain = (inputs) => {
  const net = cnn(inputs, { type: 'softmax', num_classes: 10 })
  const batchOf = imageBatches(inputs)
  const trainer = new convnetjs.SGDTrainer(net, { method: 'sgd', learning_rate: 0.01, momentum: 0.5, batch_size: 64, l2_decay: 0 })
  return {
    step: (i) => {
      const { images, labels } = batchOf(i)
      let loss = 0
      for (const [k, label] of labels.entries()) {
        loss += trainer.train(volume(images.subarray(k * pixels, (k + 1) * pixels)), label).cost_loss
      }
      return loss / labels.length
    },
  }
}

const cnnInfer = (inputs, count) => {
  const net = cnn(inputs, { type: 'fc', num_neurons: 10 })
  const images = firstImages(inputs, count)
  const volumes = Array.from({ length: count }, (_, k) => volume(images.subarray(k * pixels, (k + 1) * pixels)))
  let logits
  return {
    step: () => {
      logits = volumes.map((v) => net.forward(v).w)
    },
    check: () => rootMeanSquare(logits.flatMap((each) => [...each])),
  }
}

serveWorkload({ 'cnn-train': cnnTrain, 'cnn-infer': cnnInfer })
