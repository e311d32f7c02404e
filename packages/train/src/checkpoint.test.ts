import { Linear, Module } from '@tenon/nn'
import { Adam, CosineAnnealingLR, SGD } from '@tenon/optim'
import { decode, encode } from '@tenon/safetensors'
import { Generator, rand, type Tensor } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { type CheckpointParts, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'

class Net extends Module {
  readonly first: Linear
  readonly second: Linear = new Linear(4, 2)

  constructor(inputs = 3) {
    super()
    this.first = new Linear(inputs, 4)
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x))
  }
}

interface Run extends CheckpointParts {
  readonly model: Net
  readonly optimizer: Adam
  readonly schedule: CosineAnnealingLR
  readonly generator: Generator
}

const newRun = (seed: number): Run => {
  const generator = new Generator(seed)
  const model = new Net()
  for (const parameter of model.parameters()) parameter.assign(rand(parameter.shape, { generator }))
  const optimizer = new Adam(model.namedParameters(), { lr: 0.1 })
  return { model, optimizer, schedule: new CosineAnnealingLR(optimizer, 20), generator }
}

/** Steps with random gradients: everything that a step of training changes. */
const takeSteps = ({ model, optimizer, schedule, generator }: Run, steps: number): void => {
  for (let i = 0; i < steps; i++) {
    for (const parameter of model.parameters()) parameter.grad = rand(parameter.shape, { generator })
    optimizer.step()
    schedule.step()
  }
}

const contents = async (run: Run): Promise<unknown> => {
  const variables = { ...run.model.stateDict(), ...run.optimizer.stateDict().state, generator: run.generator.state }
  const entries = Object.entries(variables).map(async ([name, variable]) => [name, [...(await variable.data())]])
  return { ...Object.fromEntries(await Promise.all(entries)), lr: run.optimizer.lr, steps: run.schedule.lastEpoch }
}

const notes = { position: { epoch: 1, step: 5 }, settings: { data: 'mnist', seed: 1 } }

describe('a checkpoint', () => {
  it('goes on to the same bits as a run that never stopped', async () => {
    const whole = newRun(1)
    takeSteps(whole, 5)
    const bytes = await encodeCheckpoint(whole, notes)
    takeSteps(whole, 5)

    const resumed = newRun(2)
    takeSteps(resumed, 3)
    const checkpoint = await decodeCheckpoint(bytes)
    checkpoint.restore(resumed)
    takeSteps(resumed, 5)
    expect(await contents(resumed)).toEqual(await contents(whole))
    expect(checkpoint.position).toEqual(notes.position)
    expect(checkpoint.settings).toEqual(notes.settings)
  })

  it('gives the model alone to who only wants to use it', async () => {
    const run = newRun(1)
    const model = new Net()
    ;(await decodeCheckpoint(await encodeCheckpoint(run, notes))).restore({ model })
    expect(await model.first.weight.data()).toEqual(await run.model.first.weight.data())
  })

  it('is a safetensors file that other tools read', async () => {
    const { tensors } = decode(await encodeCheckpoint(newRun(1), notes))
    expect(tensors['model.first.weight']).toMatchObject({ dtype: 'float32', shape: [4, 3] })
    expect(Object.keys(tensors)).toContain('optimizer.second.bias.expAvg')
    expect(tensors['generator.state']).toMatchObject({ dtype: 'uint32', shape: [3] })
  })

  it('changes nothing where it does not fit, and lists all that does not', async () => {
    const bytes = await encodeCheckpoint(newRun(1), notes)
    const model = new Net(5)
    const optimizer = new SGD(model.namedParameters(), { lr: 0.5, momentum: 0.9 })
    const before = await model.second.weight.data()
    const restore = async (): Promise<void> => (await decodeCheckpoint(bytes, 'a.safetensors')).restore({ model, optimizer })
    await expect(restore()).rejects.toThrow(CheckpointError)
    await expect(restore()).rejects.toThrow(
      /a\.safetensors does not fit.*model\.first\.weight is float32 \[4, 3\], and should be float32 \[4, 5\]/s,
    )
    await expect(restore()).rejects.toThrow(/it has no optimizer\.first\.weight\.momentumBuffer/)
    expect(await model.second.weight.data()).toEqual(before)
    expect(optimizer.lr).toBe(0.5)
  })

  it('changes nothing where the options of its optimizer are not those of this one', async () => {
    const run = newRun(1)
    const bytes = await encodeCheckpoint(run, notes)
    const { tensors, metadata } = decode(bytes)
    const header = JSON.parse(metadata['checkpoint']!) as Record<string, unknown>
    const changed = encode(tensors, { ...metadata, checkpoint: JSON.stringify({ ...header, optimizer: { lr: -1 } }) })
    const other = newRun(2)
    takeSteps(other, 2)
    const before = await contents(other)
    const checkpoint = await decodeCheckpoint(changed)
    expect(() => checkpoint.restore(other)).toThrow(CheckpointError)
    expect(await contents(other)).toEqual(before)
  })

  describe('that is damaged', () => {
    const refuse = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
      await expect(decodeCheckpoint(bytes, 'a.safetensors')).rejects.toThrow(CheckpointError)
      await expect(decodeCheckpoint(bytes, 'a.safetensors')).rejects.toThrow(message)
    }

    it('is refused when cut off anywhere', async () => {
      const bytes = await encodeCheckpoint(newRun(1), notes)
      for (const length of [0, 5, 8, 100, bytes.length >> 1, bytes.length - 1]) await refuse(bytes.slice(0, length), /a\.safetensors/)
    })

    it('is refused when a byte of a tensor has changed', async () => {
      const bytes = await encodeCheckpoint(newRun(1), notes)
      bytes[bytes.length - 10]! ^= 1
      await refuse(bytes, /a\.safetensors is damaged: the bytes of \S+ are not those that were saved/)
    })

    it('is refused when it is another file', async () => {
      await refuse(new TextEncoder().encode('PNG and more than eight bytes'), /a\.safetensors is not a usable safetensors file/)
      await refuse(encode({}), /no checkpoint of a training run/)
      const { tensors, metadata } = decode(await encodeCheckpoint(newRun(1), notes))
      await refuse(encode(tensors, { ...metadata, version: '9' }), /version 9/)
      await refuse(encode(tensors, { ...metadata, checkpoint: '{}' }), /does not say where the run stood/)
    })
  })
})
