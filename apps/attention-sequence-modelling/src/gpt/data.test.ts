import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadData, trainLoader } from './data.ts'
import { newSettings } from './settings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-gpt-'))
})
afterAll(() => rm(folder, { recursive: true }))

const load = async (text: string, names: boolean) => {
  const file = join(folder, 'a.txt')
  await writeFile(file, text)
  const settings = newSettings({ backend: 'cpu', preset: 'tiny', ...(names ? { names: file } : { text: file }) })
  return { settings, data: await loadData(settings, testWorld().world.out) }
}

describe('a text', () => {
  it('is cut into random windows of its first nine tenths, and windows side by side of the rest', async () => {
    const { data, settings } = await load('abcdefghij'.repeat(40), false)
    expect([data.vocabulary.size, data.blockSize, data.train.length, data.validation.length]).toEqual([10, 16, 360 - 16, 2])
    const { input, target } = await data.train.get(3)
    expect(data.vocabulary.decode(input as Int32Array)).toBe('defghijabcdefghi')
    expect(data.vocabulary.decode(target as Int32Array)).toBe('efghijabcdefghij')
    expect(trainLoader(data, settings).length).toBe(20)
  })

  it('is looked at on the way in windows from all over what is held out, each once', async () => {
    const { data } = await load('abcdefghij'.repeat(6000), false)
    expect([data.validation.length, data.glance.length]).toEqual([374, 256])
    expect(await data.glance.get(0)).toEqual(await data.validation.get(0))
    expect(await data.glance.get(255)).toEqual(await data.validation.get(372))
    expect((await load('abcdefghij'.repeat(40), false)).data.glance.length).toBe(2)
  })
})

describe('names', () => {
  const names = Array.from({ length: 30 }, (_, i) => `n${'abcdef'[i % 6]}${'xyz'[i % 3]}${'k'.repeat(i % 5)}`)

  it('begin with an edge and end before one, and what follows does not count', async () => {
    const { data } = await load(`${names.join('\n')}\n\n`, true)
    expect([data.train.length, data.validation.length, data.blockSize]).toEqual([27, 3, 8])
    const { input, target } = await data.train.get(0)
    const [said, next] = [Array.from(input as Int32Array), Array.from(target as Int32Array)]
    const end = next.indexOf(0)
    expect(said[0]).toBe(0)
    expect(said.slice(1, end + 1)).toEqual(next.slice(0, end))
    expect(said.slice(end + 1).every((token) => token === 0)).toBe(true)
    expect(next.slice(end + 1).every((token) => token === -100)).toBe(true)
    expect(names).toContain(data.vocabulary.decode(next.slice(0, end)))
  })

  it('are as long as their characters, whatever these take in memory', async () => {
    const { data } = await load(`${names.join('\n')}\n𝒜𝒜𝒜𝒜𝒜𝒜𝒜𝒜\n`, true)
    expect(data.blockSize).toBe(9)
  })

  it('must be ten at least', async () => {
    await expect(load('ann\nbob\n', true)).rejects.toThrow(/has 2 names.*at least ten/)
  })
})
