/**
 * Every layer of @tenon/nn with the inputs that it is tried with, and PyTorch's expression for it. Inputs and weights are hashes of their
 * position (deterministic.ts), so that what scripts/make-fixtures.py stores is answers alone.
 */
import { createHash } from 'node:crypto'
import { type Shape, sizeOf, type Tensor, tensor } from '@tenon/tensor'
import { classes, uniform } from './deterministic.ts'
import { activations } from './layer-cases/activations.ts'
import type { LayerCase, LayerInput } from './layer-cases/case.ts'
import { convolutions } from './layer-cases/convolutions.ts'
import { dense } from './layer-cases/dense.ts'
import { norms } from './layer-cases/norms.ts'
import { pooling } from './layer-cases/pooling.ts'
import { shapes } from './layer-cases/shapes.ts'

export type { LayerCase }

export const inputTensor = ({ shape, scale = 2, count }: LayerInput, k: number): Tensor =>
  count === undefined
    ? tensor(Float32Array.from(uniform(1000 + k, sizeOf(shape), scale)), shape)
    : tensor(classes(1000 + k, sizeOf(shape), count), shape)

/** Parameter k: in ±½, scales of norms around 1. */
export const parameterValues = (k: number, path: string, shape: Shape): Float64Array =>
  uniform(k + 1, sizeOf(shape), 0.5).map((v) => (path.endsWith('weight') && shape.length === 1 ? v + 1 : v))

export const layerCases: readonly LayerCase[] = [...activations, ...shapes, ...dense, ...convolutions, ...norms, ...pooling]

export interface LayerQuestion {
  readonly name: string
  readonly torch: string
  readonly inputs: readonly LayerInput[]
  readonly modes: readonly ('train' | 'eval')[]
  /** Of all of the above: a stored answer to another question is out of date. */
  readonly hash: string
}

/** What PyTorch is asked. */
export const layerQuestions = (): LayerQuestion[] =>
  layerCases.map(({ name, torch, inputs, random }) => {
    const question = { name, torch, inputs, modes: random ? (['eval'] as const) : (['train', 'eval'] as const) }
    return { ...question, hash: createHash('sha256').update(JSON.stringify(question)).digest('base64').slice(0, 10) }
  })
