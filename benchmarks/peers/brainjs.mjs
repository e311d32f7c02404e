/**
 * brain.js. Its LSTM is its own: one gate bias, a token that starts and one that ends each sequence, and RMSProp with clipped
 * gradients after every sequence. So are its first weights.
 */
import brain from 'brain.js'
import { serveWorkload } from './serve.mjs'
import { textBatches } from './workloads.mjs'

const length = 50

const lstmTrain = (inputs) => {
  const [vocabulary, width] = inputs['embedding.weight'].shape
  const net = new brain.recurrent.LSTM({ inputSize: width, inputRange: vocabulary, outputSize: vocabulary, hiddenLayers: [128, 128] })
  net.updateTrainingOptions({ learningRate: 2e-3 })
  net.initialize()
  const batchOf = textBatches(inputs, length)
  return {
    step: (i) => {
      const { x } = batchOf(i)
      let loss = 0
      for (let from = 0; from < x.length; from += length) {
        const perplexity = 100 * net.trainPattern([...x.subarray(from, from + length)], true)
        // It divides the sum over the characters and the end by their number less 2.
        loss += (Math.log(perplexity) * (length - 1)) / (length + 1)
      }
      return loss / (x.length / length)
    },
  }
}

serveWorkload({ 'lstm-train': lstmTrain })
