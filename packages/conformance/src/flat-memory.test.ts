import { expect, test } from 'vitest'
import { runAlone } from './own-process.ts'

/**
 * What grows is to be ours. So V8's young generation has its full size from the start, and no old objects are made in haste; and what is freed goes
 * back to the system at once, where malloc would keep it in pieces: batches that died together, and what the compilers of V8's threads needed.
 */
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', '--no-allocation-site-pretenuring']
const env = { ...process.env, MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '4096', MALLOC_TRIM_THRESHOLD_: '65536' }

test.each([
  ['jit', 'await'],
  ['jit', 'sync'],
  ['eager', 'await'],
  ['eager', 'sync'],
])('memory is flat from step 200 to step 2,000: %s, %s, every loss kept', async (how, reading) => {
  interface Look {
    readonly rss: number
    readonly memory: object
  }
  const [early, late] = await runAlone<Look>('./flat-memory-loop.ts', [how, reading], flags, env)
  expect(late!.memory).toEqual(early!.memory)
  expect((late!.rss - early!.rss) / 2 ** 20).toBeLessThan(8)
})
