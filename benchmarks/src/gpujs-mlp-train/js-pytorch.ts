/** js-pytorch: on `cpu`, plain arrays, or on `gpu`, where gpu.js multiplies its matrices. It has no SGD, so the update is written here. */
import { servePeer } from '../peer.ts'
import { batchSize, classes, hidden, inputs, learningRate, makeBatches, makeLayers } from './workload.ts'

const name = 'js-pytorch' // Not bundled: it looks for gpu.js from where it lies.
const { torch } = (await import(name)) as typeof import('js-pytorch')
const { nn } = torch

type Nested = number | Nested[]
/** [in, out], as its Linear has them. */
const transposed = (weight: Float32Array, fanIn: number): number[][] =>
  Array.from({ length: fanIn }, (_, i) => Array.from({ length: weight.length / fanIn }, (_, o) => weight[o * fanIn + i]!))
const updated = (value: Nested, gradient: Nested): Nested =>
  Array.isArray(value) ? value.map((v, i) => updated(v, (gradient as Nested[])[i]!)) : value - learningRate * (gradient as number)

const device = process.argv[4]!
const [linear1, activation, linear2] = [new nn.Linear(inputs, hidden, device), new nn.ReLU(), new nn.Linear(hidden, classes, device)]
const [layer1, layer2] = makeLayers()
linear1.W._data = transposed(layer1.weight, inputs)
linear1.b._data = [...layer1.bias]
linear2.W._data = transposed(layer2.weight, hidden)
linear2.b._data = [...layer2.bias]
const parameters = [linear1.W, linear1.b, linear2.W, linear2.b]
const crossEntropy = new nn.CrossEntropyLoss()

const batches = makeBatches().map((batch) => ({
  inputs: Array.from({ length: batchSize }, (_, i) => [...batch.inputs.subarray(i * inputs, (i + 1) * inputs)]),
  labels: [...batch.labels],
}))
let steps = 0
const step = (): number => {
  const batch = batches[steps++ % batches.length]!
  const logits = linear2.forward(activation.forward(linear1.forward(torch.tensor(batch.inputs))))
  const loss = crossEntropy.forward(logits, torch.tensor(batch.labels))
  loss.backward()
  for (const parameter of parameters) {
    parameter._data = updated(parameter._data, parameter._grad!._data) as never
    parameter.zero_grad()
  }
  return loss.data[0]
}
servePeer({ step })
