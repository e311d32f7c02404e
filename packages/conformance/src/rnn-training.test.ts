/** Recurrent layers as they are trained: over long sequences, in pieces, with padding, under jit. */
import { backward, grad } from '@tenon/autograd'
import { Linear, Module, mseLoss } from '@tenon/nn'
import { GRU, LSTM, padSequence, RNN } from '@tenon/nn-rnn'
import { AdamW, SGD } from '@tenon/optim'
import {
  context,
  counters,
  jit,
  manualSeed,
  memory,
  ones,
  randn,
  realize,
  snapshot,
  type Tensor,
  tensor,
  useBackend,
  Variable,
  zeros,
} from '@tenon/tensor'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())

/** Says of each step whether the one before was positive: what an LSTM must remember. */
class Tagger extends Module {
  readonly lstm: LSTM = new LSTM(1, 8)
  readonly head: Linear = new Linear(8, 1)
  readonly h: Variable = new Variable(zeros([1, 4, 8]))
  readonly c: Variable = new Variable(zeros([1, 4, 8]))

  /** [T, 4, 1] → same; goes on from the state of the last call, through which no gradient flows. */
  forward(x: Tensor): Tensor {
    const { output, state } = this.lstm.forward(x, { h: this.h, c: this.c })
    this.h.assign(state.h.detach())
    this.c.assign(state.c.detach())
    return this.head.forward(output)
  }
}

describe.each(backends)('on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
    manualSeed(1)
  })

  test.each([RNN, LSTM, GRU])('the graph of a step of $name is as large for 500 time steps as for 5', (Kind) => {
    const layer = new Kind(2, 3, { numLayers: 2, bidirectional: true })
    realize(...layer.parameters())
    const nodes = (steps: number): number[] => {
      const x = ones([steps, 2, 2])
      const before = context.nextId
      const lengths = [steps, 1]
      const gradients = grad(layer.forward(x, null, { lengths }).output.sum(), [x, ...layer.parameters()])
      return [context.nextId - before, snapshot(gradients.map((g) => g.node)).nodes.length]
    }
    expect(nodes(500)).toEqual(nodes(5))
  })

  test.each(['eager', 'jit'])('truncated backpropagation learns, and memory is flat over 300 steps, %s', async (mode) => {
    const model = new Tagger()
    const optimizer = new AdamW(model.namedParameters(), { lr: 0.02 })
    const train = (x: Tensor, target: Tensor): Tensor => {
      optimizer.zeroGrad()
      const loss = mseLoss(model.forward(x), target)
      backward(loss)
      optimizer.step()
      return loss
    }
    const step = mode === 'jit' ? jit(train) : train
    let last = randn([1, 4, 1])
    realize(last)
    const losses: Tensor[] = []
    let [at100, plans] = [memory(), 0]
    for (let i = 1; i <= 300; i++) {
      const x = randn([8, 4, 1])
      realize(x)
      const inputs = await x.data()
      const previous = [...(await last.data()), ...inputs.slice(0, 28)]
      const target = tensor(
        Float32Array.from(previous, (v) => (v > 0 ? 1 : -1)),
        [8, 4, 1],
      )
      losses.push(step(x, target))
      last = tensor(inputs.slice(28), [1, 4, 1])
      if (i % 20 === 0) await losses[i - 1]!.item()
      if (i === 100) [at100, plans] = [memory(), counters.plans]
    }
    expect(memory()).toEqual(at100)
    expect(counters.plans).toBe(plans)
    expect(await losses[0]!.item()).toBeGreaterThan(0.8)
    // The first of the eight steps of a piece needs the state that the piece before left: without it, 1/8 of the loss stays.
    const late = await Promise.all(losses.slice(-20).map((loss) => loss.item()))
    expect(late.reduce((sum, loss) => sum + loss) / 20).toBeLessThan(0.1)
    expect((await values(model.h)).some((h) => h !== 0)).toBe(true)
  })

  test('what lies beyond a sequence’s length reaches neither loss nor gradients, NaN included', async () => {
    const layer = new GRU(2, 3, { numLayers: 2, bidirectional: true })
    const sequences = [randn([2, 2]), randn([4, 2])]
    realize(...sequences, ...layer.parameters())
    const gradients = async (paddingValue: number): Promise<number[][]> => {
      const x = padSequence(sequences, { paddingValue })
      const { output, state } = layer.forward(x, null, { lengths: [2, 4] })
      const found = grad(output.mul(output).sum().add(state.sum()), [x, ...layer.parameters()])
      return Promise.all(found.map(values))
    }
    const wanted = await gradients(0)
    expect(wanted.flat().every(Number.isFinite)).toBe(true)
    expect(await gradients(Number.NaN)).toEqual(wanted)
  })

  test('dropout between layers draws anew at each step under jit', async () => {
    const layer = new LSTM(2, 4, { numLayers: 2, dropout: 0.5 })
    const forward = jit((x: Tensor) => layer.forward(x).output)
    const x = ones([3, 2, 2])
    const [a, b] = [await values(forward(x)), await values(forward(x))]
    expect(a).not.toEqual(b)
    layer.eval()
    expect(await values(forward(x))).toEqual(await values(forward(x)))
  })

  test('a frozen layer gets no gradient, and passes it on', () => {
    const layer = new RNN(2, 3).requiresGrad(false)
    const x = new Linear(2, 2)
    backward(layer.forward(x.forward(ones([3, 1, 2]))).output.sum())
    expect(layer.parameters().every(({ grad: found }) => found === null)).toBe(true)
    expect(x.weight.grad).not.toBeNull()
  })
})

test('a whole model of layers learns to add up a sequence of its own length', async () => {
  await useBackend(backends[0]!.make())
  manualSeed(2)
  const [gru, head] = [new GRU(1, 16), new Linear(16, 1)]
  const named = [gru, head].flatMap((module, i) => module.namedParameters().map(([name, p]) => [`${i}.${name}`, p] as [string, Variable]))
  const optimizer = new SGD(named, { lr: 0.05, momentum: 0.9 })
  const step = jit((x: Tensor, lengths: Tensor) => {
    optimizer.zeroGrad()
    const has = ones([10, 32]).mul(x.squeeze(2))
    const { state } = gru.forward(x, null, { lengths })
    const loss = mseLoss(head.forward(state.select(0, 0)).squeeze(1), has.sum(0))
    backward(loss)
    optimizer.step()
    return loss
  })
  const losses: Tensor[] = []
  for (let i = 0; i < 150; i++) {
    const lengths = Int32Array.from({ length: 32 }, (_, b) => 1 + ((b * 7 + i) % 10))
    const x = Float32Array.from({ length: 320 }, (_, k) => (Math.floor(k / 32) < lengths[k % 32]! ? Math.sin(k * 12.9898 + i) / 2 : 0))
    losses.push(step(tensor(x, [10, 32, 1]), tensor(lengths)))
  }
  expect(await losses[149]!.item()).toBeLessThan(0.1 * (await losses[0]!.item()))
})
