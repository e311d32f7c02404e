/** A model that PyTorch trained and saved as a safetensors file, fixtures/state.safetensors, says here what it says there. */
import { readFileSync } from 'node:fs'
import { BatchNorm1d, fromTorchKeys, Linear, Module, StateDictError } from '@tenon/nn'
import { LSTM } from '@tenon/nn-rnn'
import { decode, toTensors } from '@tenon/safetensors'
import { type Tensor, tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { uniform } from './deterministic.ts'
import { readFixture, unpack } from './torch-answers.ts'

/** The `Tagger` of scripts/fixtures/state.py. */
class Tagger extends Module {
  readonly inputLayer: Linear = new Linear(3, 4)
  readonly batchNorm: BatchNorm1d = new BatchNorm1d(4)
  readonly lstm: LSTM = new LSTM(4, 3, { numLayers: 2, bidirectional: true })
  readonly outputLayer: Linear = new Linear(6, 2)

  /** [T, B, 3] → [T, B, 2] */
  forward(x: Tensor): Tensor {
    const [steps, batch] = x.shape as [number, number]
    const y = this.batchNorm.forward(this.inputLayer.forward(x).flatten(0, 1)).reshape([steps, batch, 4])
    return this.outputLayer.forward(this.lstm.forward(y).output)
  }
}

const bytes = new Uint8Array(readFileSync(new URL('../fixtures/state.safetensors', import.meta.url)))
const answer = readFixture<{ readonly keys: readonly string[]; readonly output: string }>('state.json')

describe.each(backends)('a file of PyTorch on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })

  test('loads, and the model gives the output that it gave there', async () => {
    const model = new Tagger().eval()
    const { tensors, metadata } = toTensors(bytes)
    expect(metadata).toEqual({ format: 'pt' })
    expect(model.loadStateDict(fromTorchKeys(tensors))).toEqual({ missingKeys: [], unexpectedKeys: [] })
    const x = tensor(Float32Array.from(uniform(900, 30, 1)), [5, 2, 3])
    expect(difference(await model.forward(x).data(), unpack(answer.output), { rtol: 1e-5 })).toBe(null)
    expect(await model.batchNorm.numBatchesTracked!.item()).toBe(3)
    expect(model.batchNorm.numBatchesTracked!.dtype).toBe('int32')
  })
})

test('state dicts have PyTorch’s keys in its order', () => {
  expect(Object.keys(new Tagger().stateDict())).toEqual(Object.keys(fromTorchKeys(Object.fromEntries(answer.keys.map((key) => [key, 0])))))
})

test('without fromTorchKeys the error lists all keys that do not fit', () => {
  const load = (): unknown => new Tagger().loadStateDict(toTensors(bytes).tensors)
  expect(load).toThrow(StateDictError)
  expect(load).toThrow(/missing: inputLayer\.weight, .*outputLayer\.bias\n {2}unexpected: input_layer\.weight, .*output_layer\.bias/)
})

test('an int64 that no int32 holds is an error that names the tensor and the value', () => {
  const { tensors } = decode(bytes)
  const [low] = tensors['batch_norm.num_batches_tracked']!.data
  expect(low).toBe(3)
  const header = new DataView(bytes.buffer).getUint32(0, true)
  const { data_offsets: offsets } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + header)))['batch_norm.num_batches_tracked']
  const large = bytes.slice()
  new DataView(large.buffer).setBigInt64(8 + header + offsets[0], 2n ** 31n, true)
  expect(() => toTensors(large, 'model.safetensors')).toThrow(/model\.safetensors, tensor 'batch_norm\.num_batches_tracked'.*2147483648/)
})
