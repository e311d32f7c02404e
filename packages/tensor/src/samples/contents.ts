/** The numbers of a sample's inputs: the same on every machine, made without a tensor. */
import type { InputSpec, SampleCase, Samples } from './format.ts'

/** FNV-1a of a text. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** Mulberry32: uniform numbers in [0, 1). */
function uniforms(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The numbers of one input in row-major order (of `shape`, before it is expanded). */
export function contents({ shape, dtype, fill }: InputSpec, seed: string): number[] {
  const random = uniforms(hash(seed))
  const draw = {
    normal: () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
    uniform: () => (fill.kind === 'uniform' ? fill.low + (fill.high - fill.low) * random() : 0),
    integers: () => (fill.kind === 'integers' ? Math.floor(fill.low + (fill.high - fill.low) * random()) : 0),
    values: () => 0,
  }[fill.kind]
  const size = shape.reduce((n, d) => n * d, 1)
  const numbers = fill.kind === 'values' ? [...fill.values] : Array.from({ length: size }, draw)
  if (numbers.length !== size) throw new Error(`a sample of shape [${shape}] needs ${size} numbers, got ${numbers.length}`)
  return dtype === 'float32' ? numbers.map(Math.fround) : numbers
}

/** The numbers of every input of a case. */
export const caseContents = (samples: Samples, index: number): number[][] =>
  (samples.cases[index] as SampleCase).inputs.map((input, i) => contents(input, `${samples.name} ${index} ${i}`))
