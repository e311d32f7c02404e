/** What PyTorch said, as scripts/make-fixtures.py stored it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface TorchAnswer {
  /** Which case of the sample. */
  readonly case: number
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: string }[]
  /** By each float input, for the incoming gradient of `incoming`; missing where the op has no float output. */
  readonly gradients?: readonly string[]
}

export interface TorchAnswers {
  readonly hash: string
  readonly cases: readonly TorchAnswer[]
}

export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), 'utf8')) as T

/** Numbers stored as little-endian float32 in base64. */
export function unpack(data: string): Float32Array {
  const bytes = Buffer.from(data, 'base64')
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))
}

/** The gradient by output k that the script took. */
export const incoming = (size: number, k: number): Float64Array => Float64Array.from({ length: size }, (_, i) => Math.cos(1 + k + i))
