/** A world for tests: what is printed is kept, and interruptions come when the test says so. */
import type { World } from './world.ts'

export interface TestWorld {
  readonly world: World
  readonly printed: { out: string; err: string }
  /** As Ctrl-C would. */
  readonly interrupt: () => void
}

export const testWorld = (): TestWorld => {
  const printed = { out: '', err: '' }
  const controller = new AbortController()
  const stream = (name: 'out' | 'err'): NodeJS.WriteStream =>
    ({
      isTTY: false,
      write: (chunk: string) => {
        printed[name] += chunk
        return true
      },
    }) as NodeJS.WriteStream
  return {
    world: {
      out: stream('out'),
      err: stream('err'),
      catchInterrupts: () => ({ signal: controller.signal, release: () => {} }),
    },
    printed,
    interrupt: () => controller.abort(),
  }
}
