/** Every layer of @tenon/nn: the suite that strangers' layers pass, on every backend, with PyTorch's answers. */
import * as nn from '@tenon/nn'
import { describeLayer, type LayerNumbers, type TorchLayerAnswers } from '@tenon/testing'
import { describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { inputTensor, type LayerCase, layerCases, layerQuestions, parameterValues } from './layer-cases.ts'
import { readFixture, unpack } from './torch-answers.ts'

interface StoredAnswer {
  readonly hash: string
  readonly parameters: Readonly<Record<string, readonly number[]>>
  readonly buffers: Readonly<Record<string, string>>
  readonly train?: Readonly<Record<string, string | readonly number[]>>
  readonly eval?: Readonly<Record<string, string | readonly number[]>>
}

const answers = readFixture<Readonly<Record<string, StoredAnswer>>>('layers.json')
const questions = new Map(layerQuestions().map((question) => [question.name, question]))
const makeThem = 'run /usr/bin/python3 scripts/make-fixtures.py layers'

const unpacked = (numbers: Readonly<Record<string, string | readonly number[]>>): LayerNumbers =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, typeof value === 'string' ? unpack(value) : value]))

function torchAnswers(name: string): TorchLayerAnswers | undefined {
  const stored = answers[name]
  if (!stored) return undefined
  const parameters = Object.entries(stored.parameters).map(([path, shape], k) => [path, parameterValues(k, path, shape)] as const)
  return {
    state: { ...Object.fromEntries(parameters), ...unpacked(stored.buffers) },
    ...(stored.train && { train: unpacked(stored.train) }),
    ...(stored.eval && { eval: unpacked(stored.eval) }),
  }
}

const suite = ({ name, make, inputs, refuses = [], kinks, noDifferences }: LayerCase): void => {
  const torch = torchAnswers(name)
  describeLayer(name, {
    make,
    inputs: inputs.map(inputTensor),
    refuses: refuses.map((wrong) => wrong.map(inputTensor)),
    backends: backends.filter((backend) => backend.name !== 'cpu'),
    ...(kinks && { kinks }),
    ...(noDifferences && { noDifferences }),
    ...(torch && { torch }),
  })
}
for (const layerCase of layerCases) suite(layerCase)

describe('the cases', () => {
  test('have PyTorch’s answers, and no answer is left over', () => {
    const stored = Object.entries(answers).map(([name, { hash }]) => `${name} ${hash}`)
    expect(stored.sort(), makeThem).toEqual([...questions.values()].map(({ name, hash }) => `${name} ${hash}`).sort())
  })

  test('are there for every layer', () => {
    const containers = ['Module', 'Sequential', 'ModuleList', 'ModuleDict', 'Parameter', 'StateDictError']
    // Losses are held against PyTorch by parity-losses.test.ts.
    const classes = Object.entries(nn).filter(([name, value]) => /^[A-Z](?!.*Loss$)/.test(name) && typeof value === 'function')
    const tried = new Set(layerCases.map(({ make }) => make('float32').constructor))
    const untried = classes.filter(([name, value]) => !containers.includes(name) && !tried.has(value as never))
    expect(untried.map(([name]) => name)).toEqual([])
  })
})
