import { expect, test } from 'vitest'
import { runAlone } from './own-process.ts'

test('1,000 backends that were closed leave no thread and no memory behind', async () => {
  interface Left {
    readonly made: number
    readonly backends: number
    readonly memories: number
    readonly threads: number
  }
  const [left] = await runAlone<Left>('./closed-backends-loop.ts', ['1000'], ['--expose-gc'])
  expect(left).toMatchObject({ made: 1010, threads: 0 })
  // The last one may still be looked at from where the loop ended.
  expect(left!.backends).toBeLessThanOrEqual(2)
  expect(left!.memories).toBeLessThanOrEqual(2)
})
