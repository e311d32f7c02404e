/** brain.js: on plain JavaScript, or on gpu.js in the mode that the first argument names. */
import { NeuralNetwork, NeuralNetworkGPU } from 'brain.js'
import { servePeer } from '../peer.ts'
import { batchSize, classes, hidden, inputs, learningRate, makeBatches, makeLayers } from './workload.ts'

const layers = [
  { weights: [], biases: [] },
  ...makeLayers().map(({ weight, bias }) => ({
    weights: Array.from(bias, (_, row) => [
      ...weight.subarray(row * (weight.length / bias.length), (row + 1) * (weight.length / bias.length)),
    ]),
    biases: [...bias],
  })),
]
// It refuses a momentum of 0.
const options = { activation: 'sigmoid', learningRate, momentum: 1e-9 } as const
const mode = process.argv[4] as 'cpu' | undefined
const net =
  mode === undefined ? new NeuralNetwork<number[], number[]>(options) : new NeuralNetworkGPU<number[], number[]>({ ...options, mode })
net.fromJSON({
  type: net.constructor.name,
  sizes: [inputs, hidden, classes],
  layers,
  inputLookup: null,
  inputLookupLength: 0,
  outputLookup: null,
  outputLookupLength: 0,
  options: { inputSize: inputs, hiddenLayers: [hidden], outputSize: classes, binaryThresh: 0.5 },
  trainOpts: { ...net.getTrainOptsJSON(), ...options },
})

const batches = makeBatches().map(
  (batch) =>
    net.prepTraining(
      Array.from({ length: batchSize }, (_, i) => ({
        input: [...batch.inputs.subarray(i * inputs, (i + 1) * inputs)],
        output: Array.from({ length: classes }, (_, c) => Number(c === batch.labels[i])),
      })),
    ).preparedData,
)
let steps = 0
// Trains on each sample in turn, and gives the mean of their errors.
servePeer({ step: () => net.calculateTrainingError(batches[steps++ % batches.length]! as never) })
