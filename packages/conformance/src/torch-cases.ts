/** What PyTorch is asked: every case of every sample that has an expression. */
import { createHash } from 'node:crypto'
import { allSamples, caseContents, type InputSpec } from '@tenon/tensor/samples'

export interface TorchCase {
  readonly index: number
  readonly inputs: readonly (InputSpec & { readonly values: readonly number[] })[]
  readonly args: readonly unknown[]
}

export interface TorchQuestion {
  readonly name: string
  readonly expression: string
  readonly cases: readonly TorchCase[]
  /** Of all of the above: a stored answer to another question is out of date. */
  readonly hash: string
}

const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)))
    .digest('base64')
    .slice(0, 10)

export function torchCases(): TorchQuestion[] {
  return allSamples.flatMap((samples) => {
    if (samples.torch === null) return []
    const cases = samples.cases.flatMap(({ inputs, args, noTorch }, index) => {
      if (noTorch) return []
      const contents = caseContents(samples, index)
      return [{ index, inputs: inputs.map((input, i) => ({ ...input, values: contents[i]! })), args }]
    })
    const question = { name: samples.name, expression: samples.torch, cases }
    return [{ ...question, hash: hashOf(question) }]
  })
}
