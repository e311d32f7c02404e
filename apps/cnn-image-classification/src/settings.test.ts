import { describe, expect, it } from 'vitest'
import { newSettings } from './settings.ts'

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
})
