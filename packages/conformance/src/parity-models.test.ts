/**
 * Whole models against PyTorch: logits, loss, every gradient, the losses of ten steps of each optimizer, weights and running statistics after
 * them, and what the trained model says in eval(). In float64 on backend-cpu, so that rounding does not decide; then in float32 on every backend.
 */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import type { DType } from '@tenon/kernel'
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Dropout,
  Flatten,
  GELU,
  type Layer,
  LeakyReLU,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '@tenon/nn'
import { Adam, AdamW, SGD } from '@tenon/optim'
import { jit, relu, type Tensor, tensor, useBackend, type Variable } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { classes, uniform } from './deterministic.ts'
import { compareDigests, type Digest } from './digests.ts'
import { readFixture, unpack } from './torch-answers.ts'

interface ModelAnswer {
  readonly logits: string
  readonly loss: number
  readonly gradients: Readonly<Record<string, Digest>>
  readonly training: Readonly<
    Record<string, { readonly losses: readonly number[]; readonly state: Readonly<Record<string, Digest>>; readonly evaluated: string }>
  >
}

const answers = readFixture<Readonly<Record<'smallCnn' | 'normalisedCnn' | 'resNet', ModelAnswer>>>('models.json')

/** conv, norm, relu, conv, norm, beside the input or its projection; then relu. */
class ResidualBlock extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm2d
  readonly conv2: Conv2d
  readonly bn2: BatchNorm2d
  readonly downsample: Sequential | null

  constructor(inputs: number, outputs: number, stride: number, dtype: DType) {
    super()
    this.conv1 = new Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false, dtype })
    this.bn1 = new BatchNorm2d(outputs, { dtype })
    this.conv2 = new Conv2d(outputs, outputs, 3, { padding: 1, bias: false, dtype })
    this.bn2 = new BatchNorm2d(outputs, { dtype })
    const same = inputs === outputs && stride === 1
    this.downsample = same
      ? null
      : new Sequential(new Conv2d(inputs, outputs, 1, { stride, bias: false, dtype }), new BatchNorm2d(outputs, { dtype }))
  }

  forward(x: Tensor): Tensor {
    const y = relu(this.bn1.forward(this.conv1.forward(x)))
    return relu(this.bn2.forward(this.conv2.forward(y)).add(this.downsample ? this.downsample.forward(x) : x))
  }
}

class ResNet extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm2d
  readonly layer1: Sequential
  readonly layer2: Sequential
  readonly avgpool: AdaptiveAvgPool2d = new AdaptiveAvgPool2d(1)
  readonly fc: Linear

  constructor(dtype: DType) {
    super()
    this.conv1 = new Conv2d(1, 4, 3, { stride: 2, padding: 1, bias: false, dtype })
    this.bn1 = new BatchNorm2d(4, { dtype })
    this.layer1 = new Sequential(new ResidualBlock(4, 4, 1, dtype), new ResidualBlock(4, 4, 1, dtype))
    this.layer2 = new Sequential(new ResidualBlock(4, 8, 2, dtype), new ResidualBlock(8, 8, 1, dtype))
    this.fc = new Linear(8, 10, { dtype })
  }

  /** [N, 1, 28, 28] → [N, 10] */
  forward(x: Tensor): Tensor {
    const stem = relu(this.bn1.forward(this.conv1.forward(x))) // [N, 4, 14, 14]
    const y = this.layer2.forward(this.layer1.forward(stem)) // [N, 8, 7, 7]
    return this.fc.forward(this.avgpool.forward(y).flatten(1))
  }
}

const models: Record<keyof typeof answers, (dtype: DType) => Layer> = {
  smallCnn: (dtype) =>
    new Sequential(
      new Conv2d(1, 16, 3, { padding: 1, dtype }),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(16, 32, 3, { padding: 1, dtype }),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(1568, 128, { dtype }),
      new ReLU(),
      new Linear(128, 10, { dtype }),
    ),
  normalisedCnn: (dtype) =>
    new Sequential(
      new Conv2d(1, 4, 3, { padding: 1, bias: false, dtype }),
      new BatchNorm2d(4, { dtype }),
      new GELU(),
      new AvgPool2d(2),
      new Conv2d(4, 6, 3, { stride: 2, bias: false, dtype }),
      new BatchNorm2d(6, { momentum: 0.3, dtype }),
      new LeakyReLU(),
      new Flatten(),
      new Dropout(0.5),
      new Linear(216, 10, { dtype }),
    ),
  resNet: (dtype) => new ResNet(dtype),
}

/** Numbers that a digest holds at most. */
const most: Record<keyof typeof answers, number> = { smallCnn: 64, normalisedCnn: 64, resNet: 8 }

const optimizers: Record<string, (parameters: [string, Variable][]) => SGD | Adam | AdamW> = {
  sgd: (parameters) => new SGD(parameters, { lr: 0.05, momentum: 0.9, weightDecay: 1e-4, nesterov: true }),
  momentum: (parameters) => new SGD(parameters, { lr: 0.05, momentum: 0.9 }),
  adam: (parameters) => new Adam(parameters, { lr: 2e-3 }),
  adamw: (parameters) => new AdamW(parameters, { lr: 2e-3 }),
}

const floats = (values: Float64Array, shape: readonly number[], dtype: DType): Tensor =>
  tensor(dtype === 'float64' ? values : Float32Array.from(values), shape)

/** The weights that scripts/make-fixtures.py fills in. */
function make(name: keyof typeof answers, dtype: DType): Layer {
  const model = models[name](dtype)
  const scales = new Set(model.namedModules().flatMap(([, module]) => (module instanceof BatchNorm2d ? [module.weight] : [])))
  for (const [k, parameter] of model.parameters().entries()) {
    const fanIn = parameter.shape.slice(1).reduce((n, d) => n * d, 1)
    const values = uniform(k + 1, parameter.size, parameter.ndim > 1 ? 1 / Math.sqrt(fanIn) : 0.1)
    parameter.assign(floats(scales.has(parameter) ? values.map((v) => v + 1) : values, parameter.shape, dtype))
  }
  // Dropout draws other numbers than PyTorch's: it is checked in eval() alone.
  for (const [, module] of model.namedModules()) if (module instanceof Dropout) module.eval()
  return model
}

const batch = (step: number, dtype: DType): [images: Tensor, labels: Tensor] => [
  floats(uniform(1000 + step, 4 * 784, 1), [4, 1, 28, 28], dtype),
  tensor(classes(2000 + step, 4, 10)),
]

interface Tolerances {
  readonly loss: number
  readonly gradient: number
  readonly weights: number
}

function describeParity(dtype: DType, tolerances: Tolerances, trainings: readonly string[]): void {
  describe.each(['smallCnn', 'normalisedCnn', 'resNet'] as const)('%s', (name) => {
    const answer = answers[name]

    test('logits, loss and every gradient', async () => {
      const model = make(name, dtype)
      const [x, target] = batch(0, dtype)
      const logits = model.forward(x)
      const loss = crossEntropy(logits, target)
      backward(loss)
      expect(difference(await logits.data(), unpack(answer.logits), { rtol: tolerances.loss })).toBe(null)
      expect(difference([await loss.item()], [answer.loss], { rtol: tolerances.loss })).toBe(null)
      await compareDigests(
        model.namedParameters().map(([path, parameter]) => [path, parameter.grad!]),
        answer.gradients,
        tolerances.gradient,
        most[name],
      )
    })

    test.each(trainings.filter((kind) => kind in answer.training))('ten steps with %s, and the model in eval()', async (kind) => {
      const expected = answer.training[kind]!
      const model = make(name, dtype)
      const optimizer = optimizers[kind]!(model.namedParameters())
      const step = (x: Tensor, target: Tensor): Tensor => {
        optimizer.zeroGrad()
        const loss = crossEntropy(model.forward(x), target)
        backward(loss)
        optimizer.step()
        return loss
      }
      // With jit where the batches are odd: both ways have to go hand in hand.
      const captured = jit(step)
      const losses = Array.from({ length: 10 }, (_, i) => (i % 2 === 1 ? captured : step)(...batch(i, dtype)))
      const read = await Promise.all(losses.map((loss) => loss.item()))
      expect(difference(read, expected.losses, { rtol: tolerances.weights })).toBe(null)
      await compareDigests(Object.entries(model.stateDict()), expected.state, tolerances.weights, most[name])
      model.eval()
      expect(difference(await model.forward(batch(50, dtype)[0]).data(), unpack(expected.evaluated), { rtol: tolerances.weights })).toBe(
        null,
      )
    })
  })
}

describe('float64 on cpu, as PyTorch', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })
  // Answers are stored in float32, but for losses, norms and sums.
  describeParity('float64', { loss: 1e-7, gradient: 1e-6, weights: 1e-6 }, Object.keys(optimizers))
})

describe.each(backends)('float32 on $name, as PyTorch', ({ make: backend }) => {
  beforeAll(async () => {
    await useBackend(backend())
  })
  // Adam divides small gradients by themselves, rounding errors included: its steps are compared in float64 alone.
  describeParity('float32', { loss: 1e-5, gradient: 1e-4, weights: 1e-4 }, ['momentum'])
})
