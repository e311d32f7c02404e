/**
 * Attention and Transformer layers and a GPT against PyTorch: outputs, every gradient, and losses and weights of ten steps of AdamW. In float64 on
 * backend-cpu, so that rounding does not decide; then in float32 on every backend.
 */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { crossEntropy, LayerNorm, type Module, mseLoss, Parameter } from '@tenon/nn'
import {
  GPT,
  type GPTOptions,
  MultiheadAttention,
  Transformer,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from '@tenon/nn-attention'
import { AdamW } from '@tenon/optim'
import { type DType, jit, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { classes, uniform } from './deterministic.ts'
import { camel, compareDigests, type Digest } from './digests.ts'
import { incoming, readFixture, unpack } from './torch-answers.ts'

type Digests = Readonly<Record<string, Digest>>

interface MaskSpec {
  readonly dtype: 'bool' | 'float'
  readonly shape: readonly number[]
}

interface LayerCase {
  readonly kind: 'MultiheadAttention' | 'TransformerEncoderLayer' | 'TransformerDecoderLayer' | 'Transformer'
  readonly args: readonly [number, number]
  readonly options?: object
  readonly inputs: readonly (readonly number[])[]
  readonly masks?: Readonly<Record<string, MaskSpec | true>>
  readonly forward?: object
}

interface LayerAnswer {
  readonly case: LayerCase
  readonly outputs: readonly string[]
  readonly inputGradients: readonly string[]
  readonly gradients: Digests
  readonly losses: readonly number[]
  readonly state: Digests
}

interface GPTAnswer {
  readonly options: GPTOptions
  readonly logits: string
  readonly loss: number
  readonly gradients: Digests
  readonly losses: readonly number[]
  readonly state: Digests
}

const answers = Object.entries(readFixture<Readonly<Record<string, LayerAnswer | GPTAnswer>>>('attention.json'))
const layerAnswers = answers.filter((entry): entry is [string, LayerAnswer] => 'case' in entry[1])
const gptAnswers = answers.filter((entry): entry is [string, GPTAnswer] => 'options' in entry[1])
/** Numbers that a digest holds at most. */
const most = 8

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)
const floats = (values: Float64Array, shape: readonly number[], dtype: DType): Tensor =>
  tensor(dtype === 'float64' ? values : Float32Array.from(values), shape)
const drawn = (salt: number, shape: readonly number[], dtype: DType): Tensor => floats(uniform(salt, sizeOf(shape), 1), shape, dtype)

/** The weights that scripts/fixtures/attention.py fills in. */
function fill<M extends Module>(model: M, dtype: DType): M {
  const scales = new Set(model.namedModules().flatMap(([, module]) => (module instanceof LayerNorm ? [module.weight] : [])))
  for (const [k, parameter] of model.parameters().entries()) {
    const bound = parameter.ndim > 1 ? 1 / Math.sqrt(sizeOf(parameter.shape.slice(1))) : 0.1
    const values = uniform(k + 1, parameter.size, bound)
    parameter.assign(floats(scales.has(parameter) ? values.map((v) => v + 1) : values, parameter.shape, dtype))
  }
  return model
}

function mask(salt: number, { dtype: kind, shape }: MaskSpec, dtype: DType): Tensor {
  if (kind === 'float') return floats(uniform(salt, sizeOf(shape), 2), shape, dtype)
  const masked = Uint8Array.from(classes(salt, sizeOf(shape), 3), (c, i) => Number(c === 0 && i % shape.at(-1)! !== 0))
  return tensor(masked, shape, { dtype: 'bool' })
}

/** The layer of a case, and a function of its inputs that gives every output. */
function layerOf(
  { kind, args, options, masks = {}, forward }: LayerCase,
  dtype: DType,
): { layer: Module; outputs: (inputs: Tensor[]) => Tensor[] } {
  const made = Object.entries(masks).map(([name, spec], k) => [name, spec === true ? true : mask(500 + k, spec, dtype)])
  const rest = { ...Object.fromEntries(made), ...forward }
  const all = { dropout: 0, ...options, dtype }
  switch (kind) {
    case 'MultiheadAttention': {
      const layer = fill(new MultiheadAttention(...args, all), dtype)
      const outputs = ([q, k = q!, v = k]: Tensor[]): Tensor[] => {
        const { output, weights } = layer.forward(q!, k, v, rest)
        return [output, weights!]
      }
      return { layer, outputs }
    }
    case 'TransformerEncoderLayer': {
      const layer = fill(new TransformerEncoderLayer(...args, all), dtype)
      return { layer, outputs: ([src]) => [layer.forward(src!, rest)] }
    }
    case 'TransformerDecoderLayer': {
      const layer = fill(new TransformerDecoderLayer(...args, all), dtype)
      return { layer, outputs: ([tgt, memory]) => [layer.forward(tgt!, memory!, rest)] }
    }
    case 'Transformer': {
      const layer = fill(new Transformer(...args, all), dtype)
      return { layer, outputs: ([src, tgt]) => [layer.forward(src!, tgt!, rest)] }
    }
  }
}

const inputsOf = ({ inputs }: LayerCase, step: number, dtype: DType): Tensor[] =>
  inputs.map((shape, k) => drawn(1000 + 10 * step + k, shape, dtype))

const gradientsOf = (model: Module): [string, Tensor][] => model.namedParameters().map(([path, { grad }]) => [path, grad!])

// With PyTorch's default of eps, a gradient that is zero but for rounding, as that of the keys' bias, moves its weight.
const optimizerOf = (model: Module): AdamW => new AdamW(model.namedParameters(), { lr: 2e-3, eps: 1e-4 })

function describeParity(dtype: DType, rtol: number): void {
  describe.each(layerAnswers)('%s', (_, answer) => {
    test('outputs, and the gradients of inputs and parameters', async () => {
      const { layer, outputs } = layerOf(answer.case, dtype)
      const inputs = inputsOf(answer.case, 0, dtype).map((x) => new Parameter(x))
      const ys = outputs(inputs)
      for (const [i, y] of ys.entries()) {
        expect(difference(await y.data(), unpack(answer.outputs[i]!), { rtol }), `output ${i}`).toBe(null)
      }
      expect(ys.length).toBe(answer.outputs.length)
      backward(ys.map((y, k) => y.mul(floats(incoming(y.size, k), y.shape, dtype)).sum()).reduce((a, b) => a.add(b)))
      for (const [i, x] of inputs.entries()) {
        expect(difference(await x.grad!.data(), unpack(answer.inputGradients[i]!), { rtol }), `gradient of input ${i}`).toBe(null)
      }
      await compareDigests(gradientsOf(layer), answer.gradients, rtol, most)
    })

    test('ten steps of AdamW', async () => {
      const { layer, outputs } = layerOf(answer.case, dtype)
      const optimizer = optimizerOf(layer)
      const step = jit((inputs: Tensor[], target: Tensor) => {
        optimizer.zeroGrad()
        const loss = mseLoss(outputs(inputs)[0]!, target)
        backward(loss)
        optimizer.step()
        return loss
      })
      const [shape] = outputs(inputsOf(answer.case, 0, dtype)).map((y) => y.shape)
      const losses = Array.from({ length: 10 }, (_, i) => step(inputsOf(answer.case, i, dtype), drawn(2000 + i, shape!, dtype)).item())
      expect(difference(await Promise.all(losses), answer.losses, { rtol })).toBe(null)
      await compareDigests(Object.entries(layer.stateDict()), answer.state, rtol, most)
    })
  })

  describe.each(gptAnswers)('%s', (_, answer) => {
    const { vocabSize } = answer.options
    const make = (): GPT => fill(new GPT({ ...answer.options, dtype }), dtype)
    const batch = (step: number, k: number): Tensor => tensor(classes(3000 + 10 * step + k, 3 * 7, vocabSize), [3, 7])
    const lossOf = (logits: Tensor, target: Tensor): Tensor => crossEntropy(logits.flatten(0, 1), target.flatten())

    test('logits, loss and every gradient', async () => {
      const model = make()
      const logits = model.forward(batch(0, 0))
      const loss = lossOf(logits, batch(0, 1))
      backward(loss)
      expect(difference(await logits.data(), unpack(answer.logits), { rtol })).toBe(null)
      expect(difference([await loss.item()], [answer.loss], { rtol })).toBe(null)
      await compareDigests(gradientsOf(model), answer.gradients, rtol, most)
    })

    test('ten steps of AdamW', async () => {
      const model = make()
      const optimizer = optimizerOf(model)
      const step = jit((idx: Tensor, target: Tensor) => {
        optimizer.zeroGrad()
        const loss = lossOf(model.forward(idx), target)
        backward(loss)
        optimizer.step()
        return loss
      })
      const losses = await Promise.all(Array.from({ length: 10 }, (_, i) => step(batch(i, 0), batch(i, 1)).item()))
      expect(difference(losses, answer.losses, { rtol })).toBe(null)
      await compareDigests(Object.entries(model.stateDict()), answer.state, rtol, most)
    })
  })
}

describe('float64 on cpu, as PyTorch', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })
  describeParity('float64', 1e-6)
})

describe.each(backends)('float32 on $name, as PyTorch', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })
  describeParity('float32', 1e-4)
})

test('state dicts have PyTorch’s keys in its order', () => {
  for (const [, answer] of layerAnswers) {
    const { layer } = layerOf(answer.case, 'float32')
    expect(Object.keys(layer.stateDict())).toEqual(Object.keys(answer.state).map(camel))
  }
})
