/** Gradients through losses against PyTorch's numbers, and through layers where they are switched off; nn-layers.test.ts has the layers. */
import { backward } from '@tenon/autograd'
import { BatchNorm2d, crossEntropy, Dropout, Flatten, Linear, mseLoss, nllLoss, Parameter, ReLU, Sequential } from '@tenon/nn'
import { jit, logSoftmax, manualSeed, ones, realize, type Tensor, tensor } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'

const values = async (x: Tensor | null | undefined): Promise<number[]> => Array.from(await x!.data())
const close = (list: readonly number[], digits = 8): number[] => list.map((value) => expect.closeTo(value, digits) as number)
const f64 = (length: number, value: (i: number) => number): Float64Array => Float64Array.from({ length }, (_, i) => value(i))

describe('losses', () => {
  const logits = (): Parameter =>
    new Parameter(
      tensor(
        f64(12, (i) => Math.sin(i) * 3),
        [3, 4],
      ),
    )
  const target = tensor(Int32Array.of(2, 0, 3))
  /** PyTorch 1.13: F.cross_entropy(logits, target).backward(); logits.grad */
  const gradient = [
    0.01099701622, 0.1372819634, -0.165072347, 0.01679336735, -0.3289028235, 0.002416087115, 0.01855381942, 0.3079329169, 0.2802086918,
    0.04959129772, 0.002816222874, -0.3326162123,
  ]

  test('crossEntropy’s gradient is (softmax − one hot) / N', async () => {
    const x = logits()
    backward(crossEntropy(x, target))
    expect(await values(x.grad)).toEqual(close(gradient))
  })

  test('… times N for the sum, and so it is through logSoftmax and nllLoss', async () => {
    const [x, y] = [logits(), logits()]
    backward(crossEntropy(x, target, { reduction: 'sum' }))
    backward(nllLoss(logSoftmax(y, 1), target, { reduction: 'sum' }))
    expect(await values(x.grad)).toEqual(close(gradient.map((value) => 3 * value)))
    expect(await values(y.grad)).toEqual(close(gradient.map((value) => 3 * value)))
  })

  test('crossEntropy’s gradient stays finite where probabilities are 0 and 1', async () => {
    const x = new Parameter(tensor([1e4, -1e4, 0, -1e4, 1e4, 0], [2, 3]))
    backward(crossEntropy(x, tensor(Int32Array.of(1, 1))))
    expect(await values(x.grad)).toEqual([0.5, -0.5, 0, 0, 0, 0])
  })

  test('mseLoss reaches both sides', async () => {
    const [x, y] = [new Parameter(tensor([1, 2])), new Parameter(tensor([3, 5]))]
    backward(mseLoss(x, y))
    expect(await values(x.grad)).toEqual([-2, -3])
    expect(await values(y.grad)).toEqual([2, 3])
  })
})

describe('Dropout', () => {
  test('passes gradients where it passed values', async () => {
    manualSeed(2)
    const x = new Parameter(ones([50]))
    const y = new Dropout(0.3).forward(x)
    backward(y.sum())
    realize(y, x.grad!)
    expect(await values(x.grad)).toEqual(await values(y))
  })
})

describe('reading a loss before its backward', () => {
  test('changes nothing, dropout and batch norm included', async () => {
    const gradients = async (early: boolean): Promise<number[][]> => {
      manualSeed(3)
      const model = new Sequential(new BatchNorm2d(2), new Dropout(0.5), new Flatten(), new Linear(8, 2))
      const x = tensor(
        Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
        [4, 2, 2, 2],
      )
      const loss = crossEntropy(model.forward(x), tensor(Int32Array.of(0, 1, 1, 0)))
      if (early) await loss.item()
      backward(loss)
      return Promise.all(model.parameters().map((parameter) => values(parameter.grad)))
    }
    expect(await gradients(true)).toEqual(await gradients(false))
  })
})

describe('freezing', () => {
  test('a frozen layer gets no gradient, and passes it on', async () => {
    const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1))
    model[2]!.requiresGrad(false)
    backward(model.forward(ones([4, 2])).sum())
    const found = model.namedParameters().map(([name, { grad: found }]) => [name, found !== null])
    expect(found).toEqual([
      ['0.weight', true],
      ['0.bias', true],
      ['2.weight', false],
      ['2.bias', false],
    ])
  })

  test('reaches a captured step', () => {
    const layer = new Linear(2, 1)
    const step = jit((x: Tensor) => {
      layer.weight.grad = null
      layer.bias!.grad = null
      backward(layer.forward(x).sum())
    })
    step(ones([1, 2]))
    expect(layer.weight.grad).not.toBeNull()
    layer.weight.grad = null
    layer.weight.requiresGrad = false
    layer.requiresGrad(false)
    layer.bias!.requiresGrad = true
    step(ones([1, 2]))
    expect(layer.weight.grad).toBeNull()
    expect(layer.bias!.grad).not.toBeNull()
  })
})
