import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Linear } from '@tenon/nn'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CheckpointError } from '../errors.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts'

/** A disk that is full from now on: every file that is opened for writing refuses what is written to it. */
const disk = vi.hoisted(() => ({ full: false }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const open: typeof real.open = async (file, flags) => {
    const handle = await real.open(file, flags)
    if (disk.full && flags === 'wx') {
      handle.writeFile = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
    }
    return handle
  }
  return { ...real, open }
})

const notes = { position: { epoch: 0, step: 1 }, settings: null }
let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-checkpoint-'))
  file = join(folder, 'checkpoint.safetensors')
  disk.full = false
})
afterEach(() => rm(folder, { recursive: true }))

describe('saveCheckpoint', () => {
  it('keeps the old checkpoint on a full disk, and says which file, what happened and what to do', async () => {
    await saveCheckpoint(file, { model: new Linear(2, 3) }, notes)
    const old = await readFile(file)
    disk.full = true
    const save = saveCheckpoint(file, { model: new Linear(2, 3) }, notes)
    await expect(save).rejects.toThrow(CheckpointError)
    await expect(save).rejects.toThrow(
      /what was there before is unchanged: cannot write .*checkpoint\.safetensors: the disk is full \(ENOSPC\); free/,
    )
    expect(await readFile(file)).toEqual(old)
    expect(await readdir(folder)).toEqual(['checkpoint.safetensors'])
  })
})

describe('loadCheckpoint', () => {
  it('reads what was saved', async () => {
    const model = new Linear(2, 3)
    await saveCheckpoint(file, { model }, notes)
    const other = new Linear(2, 3)
    const checkpoint = await loadCheckpoint(file)
    checkpoint.restore({ model: other })
    expect(await other.weight.data()).toEqual(await model.weight.data())
    expect(checkpoint.position).toEqual(notes.position)
  })

  it('names a file that is not there or not a checkpoint', async () => {
    await expect(loadCheckpoint(join(folder, 'no.safetensors'))).rejects.toThrow(
      /cannot read .*no\.safetensors: there is no such file \(ENOENT\)/,
    )
    await writeFile(file, 'not a checkpoint')
    await expect(loadCheckpoint(file)).rejects.toThrow(/checkpoint\.safetensors is not a usable safetensors file/)
  })
})
