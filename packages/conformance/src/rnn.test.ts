/**
 * Recurrent layers and cells against PyTorch: outputs, final states, loss, every gradient, and weights after ten steps of AdamW. The
 * cases are those of scripts/fixtures/rnn.py. In float64 on backend-cpu, so that rounding does not decide; then in float32 on every backend.
 */
import { backward, grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import type { DType } from '@tenon/kernel'
import { type Module, mseLoss } from '@tenon/nn'
import { GRU, GRUCell, LSTM, LSTMCell, type LSTMState, RNN, RNNCell } from '@tenon/nn-rnn'
import { AdamW } from '@tenon/optim'
import { concat, isTensor, jit, type Shape, sizeOf, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { uniform } from './deterministic.ts'
import { incoming, readFixture, unpack } from './torch-answers.ts'

const kinds = { RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell }

interface Question {
  readonly kind: keyof typeof kinds
  readonly options?: Readonly<Record<string, unknown>>
  readonly lengths?: readonly number[]
  readonly input: Shape
}

interface ForwardAnswer extends Question {
  readonly states: readonly Shape[]
  readonly parameters: readonly string[]
  readonly outputs: readonly { readonly shape: Shape; readonly data: string }[]
  readonly loss: number
  readonly inputGradients: readonly string[]
  readonly parameterGradients: string
}

interface TrainingAnswer extends Question {
  readonly losses: readonly number[]
  readonly weights: string
}

const answers = readFixture<{
  readonly forward: Readonly<Record<string, ForwardAnswer>>
  readonly training: Readonly<Record<string, TrainingAnswer>>
}>('rnn.json')

const [inputSize, hiddenSize] = [2, 3]

const camel = (key: string): string => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

const numbers = (salt: number, shape: Shape, scale: number, dtype: DType): Tensor => {
  const values = uniform(salt, sizeOf(shape), scale)
  return tensor(dtype === 'float64' ? values : Float32Array.from(values), shape)
}

/** With the weights that the script fills in. */
function make({ kind, options = {} }: Question, dtype: DType): InstanceType<(typeof kinds)[keyof typeof kinds]> {
  const model = new kinds[kind](inputSize, hiddenSize, {
    ...Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value])),
    dtype,
  })
  for (const [k, parameter] of model.parameters().entries()) parameter.assign(numbers(k + 1, parameter.shape, 0.6, dtype))
  return model
}

/** Output and final states, in PyTorch's order. */
function run(model: ReturnType<typeof make>, { lengths }: Question, x: Tensor, states: readonly Tensor[]): Tensor[] {
  const [first, c] = states
  const lstmState = first && c && { h: first, c }
  const flat = (state: Tensor | LSTMState): Tensor[] => (isTensor(state) ? [state] : [state.h, state.c])
  if (model instanceof LSTMCell) return flat(model.forward(x, lstmState))
  if (model instanceof RNNCell || model instanceof GRUCell) return flat(model.forward(x, first))
  const options = lengths ? { lengths } : {}
  const { output, state } = model instanceof LSTM ? model.forward(x, lstmState, options) : model.forward(x, first, options)
  return [output, ...flat(state)]
}

const joined = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => x.flatten()))

const lossOf = (outputs: readonly Tensor[], dtype: DType): Tensor =>
  outputs
    .map((y, k) => {
      const weights = incoming(y.size, k)
      return y.mul(tensor(dtype === 'float64' ? weights : Float32Array.from(weights), y.shape)).sum()
    })
    .reduce((sum, x) => sum.add(x))

const parameterNames = (model: Module): string[] => model.namedParameters().map(([name]) => name)

function describeAnswers(dtype: DType, rtol: number): void {
  test.each(Object.entries(answers.forward))('%s', async (_, answer) => {
    const model = make(answer, dtype)
    const x = numbers(900, answer.input, 1, dtype)
    const states = answer.states.map((shape, k) => numbers(901 + k, shape, 1, dtype))
    expect(parameterNames(model)).toEqual(answer.parameters.map(camel))

    const outputs = run(model, answer, x, states)
    const loss = lossOf(outputs, dtype)
    const gradients = grad(loss, [x, ...states, ...model.parameters()])
    expect(outputs.map((y) => y.shape)).toEqual(answer.outputs.map(({ shape }) => shape))
    for (const [k, y] of outputs.entries()) {
      expect(difference(await y.data(), unpack(answer.outputs[k]!.data), { rtol })).toBe(null)
    }
    expect(difference([await loss.item()], [answer.loss], { rtol })).toBe(null)
    for (const [k, expected] of answer.inputGradients.entries()) {
      expect(difference(await gradients[k]!.data(), unpack(expected), { rtol })).toBe(null)
    }
    const weights = gradients.slice(answer.inputGradients.length)
    expect(difference(await joined(weights).data(), unpack(answer.parameterGradients), { rtol })).toBe(null)
  })

  test.each(Object.entries(answers.training))('%s: losses and weights of ten steps', async (_, answer) => {
    const model = make(answer, dtype)
    const optimizer = new AdamW(model.namedParameters(), { lr: 1e-2 })
    const step = jit((x: Tensor, target: Tensor) => {
      optimizer.zeroGrad()
      const loss = mseLoss(run(model, answer, x, [])[0]!, target)
      backward(loss)
      optimizer.step()
      return loss
    })
    const width = hiddenSize * (answer.options?.bidirectional ? 2 : 1)
    const target = [...answer.input.slice(0, 2), width]
    const losses = answer.losses.map((_, i) => step(numbers(1000 + i, answer.input, 1, dtype), numbers(2000 + i, target, 1, dtype)))
    expect(difference(await Promise.all(losses.map((loss) => loss.item())), answer.losses, { rtol })).toBe(null)
    expect(difference(await joined(model.parameters()).data(), unpack(answer.weights), { rtol })).toBe(null)
  })
}

describe('float64 on cpu, as PyTorch', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })
  describeAnswers('float64', 1e-6)
})

describe.each(backends)('float32 on $name, as PyTorch', ({ make: backend }) => {
  beforeAll(async () => {
    await useBackend(backend())
  })
  describeAnswers('float32', 1e-4)
})
