/** Tensors too large to store, held against what `digest` of scripts/make-fixtures.py stored of them. */
import type { Tensor } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { expect } from 'vitest'
import { unpack } from './torch-answers.ts'

export interface Digest {
  readonly norm: number
  readonly sum: number
  readonly entries: string
}

/** PyTorch's `in_proj_weight` is our `inProjWeight`. */
export const camel = (key: string): string => key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** A tensor against its digest of at most `most` numbers: the sum is compared on the scale of the numbers in it, since it may cancel. */
async function digestDifferences(name: string, x: Tensor, expected: Digest, rtol: number, most: number): Promise<string[]> {
  const values = await x.data()
  const entries = unpack(expected.entries)
  const stride = Math.max(1, Math.floor(values.length / most))
  const picked = Array.from({ length: entries.length }, (_, i) => values[i * stride]!)
  let [square, sum] = [0, 0]
  for (const v of values) {
    square += v * v
    sum += v
  }
  return [
    ['entries', difference(picked, entries, { rtol })],
    ['norm', difference([Math.sqrt(square)], [expected.norm], { rtol })],
    ['sum', difference([sum], [expected.sum], { rtol: 0, atol: rtol * expected.norm * Math.sqrt(values.length) })],
  ].flatMap(([what, wrong]) => (wrong ? [`${what} of ${name}: ${wrong}`] : []))
}

/** All tensors by name, which must be those of PyTorch. */
export async function compareDigests(
  tensors: readonly (readonly [string, Tensor])[],
  expected: Readonly<Record<string, Digest>>,
  rtol: number,
  most = 64,
): Promise<void> {
  const wanted = Object.fromEntries(Object.entries(expected).map(([key, value]) => [camel(key), value]))
  expect(tensors.map(([name]) => name).sort()).toEqual(Object.keys(wanted).sort())
  const wrong: string[] = []
  for (const [name, x] of tensors) wrong.push(...(await digestDifferences(name, x, wanted[name]!, rtol, most)))
  expect(wrong).toEqual([])
}
