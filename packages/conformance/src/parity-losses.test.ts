/** Every loss against PyTorch, value and gradients, as a function, as a module and under jit; and its gradients against differences. */
import { grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import * as nn from '@tenon/nn'
import { currentBackend, jit, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { difference, gradientCheck } from '@tenon/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { classes, uniform } from './deterministic.ts'
import { incoming, readFixture, unpack } from './torch-answers.ts'

interface Input {
  readonly kind: 'real' | 'unit' | 'distribution' | 'logDistribution' | 'sign' | 'classes' | 'fixed'
  readonly shape: readonly number[]
  readonly scale?: number
  readonly below?: number
  readonly put?: Readonly<Record<string, number>>
  readonly values?: readonly number[]
}

interface LossAnswer {
  readonly loss: string
  readonly inputs: readonly Input[]
  readonly options: Readonly<Record<string, unknown>>
  readonly shape: readonly number[]
  readonly result: string
  readonly gradients: readonly (string | null)[]
}

type Loss = (...args: unknown[]) => Tensor
type LossModule = new (options: object) => { forward(...inputs: readonly Tensor[]): Tensor }
type Float = 'float32' | 'float64'

const answers = Object.values(readFixture<Readonly<Record<string, LossAnswer>>>('losses.json'))
const exported = nn as unknown as Readonly<Record<string, Loss & LossModule>>

const moduleNames: Readonly<Record<string, string>> = {
  crossEntropy: 'CrossEntropyLoss',
  nllLoss: 'NLLLoss',
  binaryCrossEntropy: 'BCELoss',
  binaryCrossEntropyWithLogits: 'BCEWithLogitsLoss',
  mseLoss: 'MSELoss',
  l1Loss: 'L1Loss',
  smoothL1Loss: 'SmoothL1Loss',
  huberLoss: 'HuberLoss',
  klDiv: 'KLDivLoss',
  gaussianNllLoss: 'GaussianNLLLoss',
  poissonNllLoss: 'PoissonNLLLoss',
  cosineEmbeddingLoss: 'CosineEmbeddingLoss',
  tripletMarginLoss: 'TripletMarginLoss',
  marginRankingLoss: 'MarginRankingLoss',
  hingeEmbeddingLoss: 'HingeEmbeddingLoss',
}

/** What scripts/fixtures/losses.py makes. */
function make({ kind, shape, scale = 1, below = 0, put = {}, values = [] }: Input, salt: number, dtype: Float): Tensor {
  const size = shape.reduce((n, d) => n * d, 1)
  const floats = (list: Iterable<number>): Tensor => tensor(Float64Array.from(list), shape, { dtype })
  if (kind === 'fixed') return floats(values)
  if (kind === 'classes') {
    const index = classes(salt, size, below)
    for (const [position, value] of Object.entries(put)) index[Number(position)] = value
    return tensor(index, shape)
  }
  const x = uniform(salt, size, scale)
  if (kind === 'sign') return floats(x.map((v) => (v < 0 ? -1 : 1)))
  if (kind === 'real') return floats(x)
  if (kind === 'unit') return floats(x.map((v) => (v + 1) / 2))
  const [count, inner] = shape.length > 1 ? [shape[1]!, shape.slice(2).reduce((n, d) => n * d, 1)] : [shape[0]!, 1]
  const raw = x.map((v) => (v + 1) / 2 + 0.1)
  const row = (i: number): number => Math.floor(i / (count * inner)) * count * inner + (i % inner)
  const shares = raw.map((v, i) => v / Array.from({ length: count }, (_, c) => raw[row(i) + c * inner]!).reduce((a, b) => a + b))
  return floats(kind === 'logDistribution' ? shares.map(Math.log) : shares)
}

function setUp({ loss, inputs, options }: LossAnswer, dtype: Float): { call: Loss; tensors: Tensor[]; made: object; wanted: number[] } {
  const made = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, typeof value === 'object' ? make(value as Input, 90, dtype) : value]),
  )
  return {
    call: exported[loss]!,
    tensors: inputs.map((input, i) => make(input, 1 + i, dtype)),
    made,
    wanted: inputs.flatMap(({ kind }, i) => (kind === 'classes' || kind === 'sign' ? [] : [i])),
  }
}

const label = ({ loss, inputs, options }: LossAnswer): string =>
  `${loss} of ${inputs.map(({ kind, shape }) => `${kind} [${shape}]`).join(', ')} ${JSON.stringify(options)}`

const cases = answers.map((answer, i) => [`${i}: ${label(answer)}`.slice(0, 140), answer] as const)

function describeParity(dtype: Float, rtol: number): void {
  test.each(cases)('%s', async (_, answer) => {
    const { call, tensors, made, wanted } = setUp(answer, dtype)
    const run = (...xs: Tensor[]): Tensor[] => {
      const y = call(...xs, made)
      const inputs = wanted.map((i) => xs[i]!)
      const gradOutputs = [tensor(incoming(y.size, 0), y.shape, { dtype: y.dtype })]
      return [y, ...grad([y], inputs, { gradOutputs, allowUnused: true })]
    }
    for (const results of [run(...tensors), jit(run)(...tensors)]) {
      expect([results[0]!.dtype, results[0]!.shape]).toEqual([dtype, answer.shape])
      const read = await Promise.all(results.map((x) => x.data()))
      const expected = [answer.result, ...answer.gradients]
      expect(expected.map((e, i) => e && difference(read[i]!, unpack(e), { rtol }))).toEqual(expected.map(() => null))
    }
  })
}

test('every loss has answers, and a module that gives the same', async () => {
  const functions = Object.keys(nn).filter(
    (name) => /^[a-z].*(Loss|CrossEntropy|klDiv)/.test(name) || name === 'crossEntropy' || name === 'klDiv',
  )
  expect(functions.sort()).toEqual(Object.keys(moduleNames).sort())
  expect([...new Set(answers.map(({ loss }) => loss))].sort()).toEqual(functions.sort())
  for (const answer of answers) {
    const { call, tensors, made } = setUp(answer, 'float64')
    const layer = new exported[moduleNames[answer.loss]!]!(made)
    expect(await layer.forward(...tensors).data()).toEqual(await call(...tensors, made).data())
  }
})

describe('float64 on cpu', () => {
  const before = currentBackend()
  beforeAll(async () => {
    await useBackend(cpu())
  })
  afterAll(async () => {
    await useBackend(before)
  })
  describe('as PyTorch', () => describeParity('float64', 1e-6)) // Answers are stored in float32.

  describe('gradients are those by differences', () => {
    test.each(cases)('%s', async (_, answer) => {
      const { call, tensors, made, wanted } = setUp(answer, 'float64')
      const fn = (...moved: Tensor[]): Tensor => {
        const xs = [...tensors]
        wanted.forEach((position, i) => {
          xs[position] = moved[i]!
        })
        return call(...xs, made)
      }
      await gradientCheck(
        fn,
        wanted.map((i) => tensors[i]!),
      )
    })
  })
})

describe.each(backends)('float32 on $name, as PyTorch', ({ make: backend }) => {
  beforeAll(async () => {
    await useBackend(backend())
  })
  describeParity('float32', 2e-5)
})
