import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from './errors.ts'
import { prepareRun, resumedSettings } from './folder.ts'

const saved = { preset: 'small', epochs: 2, batchSize: 64, limit: null, seed: 7 }

describe('the settings of a run that goes on', () => {
  const resume = (options: object, begun = 1) => resumedSettings({ backend: 'wasm', resume: 'c', ...options }, saved, 'epochs', begun)

  it('are those of the checkpoint, but for its length', () => {
    expect(resume({})).toEqual(saved)
    expect(resume({ epochs: 5 })).toEqual({ ...saved, epochs: 5 })
    expect(resume({ seed: 7, preset: undefined })).toEqual(saved)
  })

  it('may not contradict it', () => {
    expect(() => resume({ batchSize: 32 })).toThrow(UsageError)
    expect(() => resume({ batchSize: 32 })).toThrow(
      '--batch-size 32 contradicts the checkpoint, which was made with 64; leave --batch-size out',
    )
    expect(() => resume({ limit: 5 })).toThrow('--limit 5 contradicts the checkpoint, which was made with none')
    expect(() => resume({ name: 'other' })).toThrow('--name does not go with --resume')
  })

  it('may not be shorter than what is done', () => {
    expect(resume({ epochs: 2 }, 2)).toEqual(saved)
    expect(() => resume({ epochs: 1 }, 2)).toThrow('--epochs 1 is less than what the run has done: it is in its epoch number 2')
    expect(() => resumedSettings({ iters: 10 }, { iters: 100 }, 'iters', 50)).toThrow(
      '--iters 10 is less than what the run has done: it is in its iteration number 50',
    )
  })
})

describe('the folder of a run', () => {
  let home: string
  const before = process.cwd()
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tenon-kit-'))
    process.chdir(home)
  })
  afterEach(async () => {
    process.chdir(before)
    await rm(home, { recursive: true })
  })
  const prepare = (options: object) =>
    prepareRun({ backend: 'cpu', ...options }, { settings: () => ({ preset: 'tiny' }), name: ({ preset }) => `app-${preset}` })

  it('is called as --name says, else after the run and the time', async () => {
    expect(await prepare({ name: 'a' })).toEqual({ settings: { preset: 'tiny' }, checkpoint: null, folder: join('runs', 'a') })
    expect((await prepare({})).folder).toMatch(/^runs.app-tiny-\d{8}-\d{6}$/)
  })

  it('is not that of another run', async () => {
    await mkdir('runs/a', { recursive: true })
    await prepare({ name: 'a' })
    await writeFile('runs/a/checkpoint.safetensors', '')
    await expect(prepare({ name: 'a' })).rejects.toThrow(/runs.a holds a run already; choose another --name, or go on with --resume/)
    await expect(prepare({ resume: 'none.safetensors' })).rejects.toThrow(/cannot read none.safetensors: there is no such file/)
  })
})
