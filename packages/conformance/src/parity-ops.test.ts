/** Every op, and its gradient, against what PyTorch gave in float64. */
import { grad } from '@tenon/autograd'
import { isFloat } from '@tenon/kernel'
import { type Tensor, tensor } from '@tenon/tensor'
import { allSamples, type Samples } from '@tenon/tensor/samples'
import { difference, runCase } from '@tenon/testing'
import { describe, expect, test } from 'vitest'
import { incoming, readFixture, type TorchAnswer, type TorchAnswers, unpack } from './torch-answers.ts'
import { torchCases } from './torch-cases.ts'

/** Answers are stored in float32. */
const rtol = 1e-6

const answers = readFixture<Readonly<Record<string, TorchAnswers>>>('ops.json')
const hashes = new Map(torchCases().map(({ name, hash }) => [name, hash]))
const makeThem = 'run /usr/bin/python3 scripts/make-fixtures.py'

async function differences(samples: Samples, answer: TorchAnswer): Promise<string[]> {
  const { label, inputs, outputs } = runCase(samples, answer.case, { float: 'float64' })
  const wrong: (string | null)[] = []
  for (const [i, expected] of answer.outputs.entries()) {
    const y = outputs[i]!
    if (y.shape.join() !== expected.shape.join()) wrong.push(`output ${i} has shape [${y.shape}], PyTorch's has [${expected.shape}]`)
    else wrong.push(difference(await y.data(), unpack(expected.data), { rtol: isFloat(y.dtype) ? rtol : 0 }))
  }
  for (const [i, gradient] of (await gradients(inputs, outputs, answer)).entries()) {
    const problem = difference(gradient, unpack(answer.gradients![i]!), { rtol })
    wrong.push(problem && `gradient by float input ${i}: ${problem}`)
  }
  return wrong.flatMap((w) => (w ? [`${label}: ${w}`] : []))
}

async function gradients(inputs: readonly Tensor[], outputs: readonly Tensor[], answer: TorchAnswer): Promise<ArrayLike<number>[]> {
  if (!answer.gradients) return []
  const wanted = inputs.filter((x) => isFloat(x.dtype))
  const [ys, gradOutputs]: [Tensor[], Tensor[]] = [[], []]
  outputs.forEach((y, k) => {
    if (!isFloat(y.dtype)) return
    ys.push(y)
    gradOutputs.push(tensor(incoming(y.size, k), y.shape).cast(y.dtype))
  })
  const found = grad(ys, wanted, { gradOutputs, allowUnused: true })
  return Promise.all(found.map((g) => g.data()))
}

describe('PyTorch agrees', () => {
  for (const samples of allSamples) {
    if (samples.torch === null) continue
    test(samples.name, async () => {
      const stored = answers[samples.name]
      expect(stored?.hash, `the stored answer is to another question: ${makeThem}`).toBe(hashes.get(samples.name))
      const wrong: string[] = []
      for (const answer of stored!.cases) wrong.push(...(await differences(samples, answer)))
      expect(wrong).toEqual([])
    })
  }

  test('no answer is left over', () => {
    expect(
      Object.keys(answers).filter((name) => !hashes.has(name)),
      makeThem,
    ).toEqual([])
  })
})
