import { describe, expect, it } from 'vitest'
import { newSettings, resumedSettings } from './settings.ts'

const saved = newSettings({ backend: 'wasm', limit: 100, seed: 7 })

describe('the settings of a run', () => {
  it('come from the preset where the command line is silent', () => {
    expect(newSettings({ backend: 'wasm' })).toEqual({
      data: 'mnist',
      preset: 'small',
      epochs: 2,
      batchSize: 64,
      optimizer: 'adam',
      lr: 0.002,
      seed: 1,
      limit: null,
    })
    expect(newSettings({ backend: 'wasm', preset: 'article' })).toMatchObject({
      epochs: 10,
      optimizer: 'sgd',
      lr: 0.01,
    })
    expect(newSettings({ backend: 'wasm', optimizer: 'sgd' })).toMatchObject({ preset: 'small', lr: 0.01 })
  })

  it('are those of the checkpoint when a run goes on, but for the number of epochs', () => {
    expect(resumedSettings({ backend: 'cpu', resume: 'c' }, saved, 1)).toEqual(saved)
    expect(resumedSettings({ backend: 'cpu', resume: 'c', epochs: 5 }, saved, 1)).toEqual({ ...saved, epochs: 5 })
    expect(resumedSettings({ backend: 'cpu', resume: 'c', seed: 7 }, saved, 1)).toEqual(saved)
  })

  it('may not contradict the checkpoint', () => {
    const resume =
      (options: object): (() => unknown) =>
      () =>
        resumedSettings({ backend: 'wasm', resume: 'c', ...options }, saved, 2)
    expect(resume({ batchSize: 32 })).toThrow('--batch-size 32 contradicts the checkpoint, which was made with 64; leave --batch-size out')
    expect(resume({ name: 'other' })).toThrow('--name does not go with --resume')
    expect(resume({ epochs: 1 })).toThrow('--epochs 1 is less than what the run has done')
  })
})
