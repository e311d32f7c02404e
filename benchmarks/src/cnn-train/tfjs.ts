/** TensorFlow.js on its cpu backend. It wants NHWC images and HWIO kernels; the numbers are the same. */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js'
import '@tensorflow/tfjs-backend-cpu'
import { servePeer } from '../peer.ts'
import { batchSize, makeBatches, makeWeights } from './workload.ts'

await tf.setBackend('cpu')
const [batches, weights] = [makeBatches(), makeWeights()]

const variable = (name: string, arrange: (weight: tf.Tensor) => tf.Tensor = (weight) => weight): tf.Variable => {
  const { shape, data } = weights[name]!
  return tf.variable(arrange(tf.tensor(data, [...shape])))
}
const hwio = (weight: tf.Tensor): tf.Tensor => weight.transpose([2, 3, 1, 0])
/** [out, C·H·W] → [H·W·C, out] */
const dense = (weight: tf.Tensor): tf.Tensor => weight.reshape([-1, 32, 7, 7]).transpose([2, 3, 1, 0]).reshape([1568, -1])
const [conv1, bias1] = [variable('0.weight', hwio), variable('0.bias')]
const [conv2, bias2] = [variable('3.weight', hwio), variable('3.bias')]
const [dense1, bias3] = [variable('7.weight', dense), variable('7.bias')]
const [dense2, bias4] = [variable('9.weight', (weight) => weight.transpose()), variable('9.bias')]

const forward = (images: tf.Tensor4D): tf.Tensor2D => {
  let x = tf.maxPool(tf.relu(tf.conv2d(images, conv1 as tf.Tensor4D, 1, 'same').add(bias1)) as tf.Tensor4D, 2, 2, 'valid')
  x = tf.maxPool(tf.relu(tf.conv2d(x, conv2 as tf.Tensor4D, 1, 'same').add(bias2)) as tf.Tensor4D, 2, 2, 'valid')
  const hidden = tf.relu(tf.matMul(x.reshape([batchSize, 1568]), dense1).add(bias3))
  return tf.matMul(hidden, dense2).add(bias4)
}

const optimizer = tf.train.momentum(0.01, 0.5)
let steps = 0
servePeer(async () => {
  const batch = batches[steps++ % batches.length]!
  const loss = tf.tidy(() => {
    const images = tf.tensor4d(batch.images, [batchSize, 28, 28, 1])
    const labels = tf.oneHot(tf.tensor1d(batch.labels, 'int32'), 10)
    return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward(images)) as tf.Scalar, true)!
  })
  const value = loss.dataSync()[0]!
  loss.dispose()
  return value
})
