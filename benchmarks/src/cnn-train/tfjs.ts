/** TensorFlow.js on its cpu backend. It wants NHWC images and HWIO kernels; the numbers are the same. */

import { version_cpu } from '@tensorflow/tfjs-backend-cpu' // By name: a bare import is dropped by bundlers, for what its manifest says.
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import { servePeer } from '../peer.ts'
import { batchSize, makeBatches, makeWeights } from './workload.ts'

tf.enableProdMode()
if (!(await tf.setBackend('cpu'))) throw new Error(`the cpu backend ${version_cpu} of TensorFlow.js did not start`)
const [batches, weights] = [makeBatches(), makeWeights()]

const variable = (name: string, arrange: (weight: tf.Tensor) => tf.Tensor = (weight) => weight): tf.Variable => {
  const { shape, data } = weights[name]!
  return tf.variable(arrange(tf.tensor(data, [...shape])))
}
const hwio = (weight: tf.Tensor): tf.Tensor => tf.transpose(weight, [2, 3, 1, 0])
/** [out, C·H·W] → [H·W·C, out] */
const dense = (weight: tf.Tensor): tf.Tensor => tf.reshape(hwio(tf.reshape(weight, [-1, 32, 7, 7])), [1568, -1])
const [conv1, bias1] = [variable('0.weight', hwio), variable('0.bias')]
const [conv2, bias2] = [variable('3.weight', hwio), variable('3.bias')]
const [dense1, bias3] = [variable('7.weight', dense), variable('7.bias')]
const [dense2, bias4] = [variable('9.weight', (weight) => tf.transpose(weight)), variable('9.bias')]

const forward = (images: tf.Tensor4D): tf.Tensor => {
  const conv = (x: tf.Tensor, weight: tf.Variable, bias: tf.Variable): tf.Tensor =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, 1, 'same'), bias)) as tf.Tensor4D, 2, 2, 'valid')
  const features = tf.reshape(conv(conv(images, conv1, bias1), conv2, bias2), [batchSize, 1568])
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(features, dense1), bias3)), dense2), bias4)
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
