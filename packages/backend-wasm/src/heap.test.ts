import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, guardBytes, Heap } from './heap.ts'

test('blocks never overlap, and freeing all of them in any order gives all of their memory back', () => {
  const action = fc.oneof(fc.record({ bytes: fc.integer({ min: 0, max: 5000 }) }), fc.record({ free: fc.nat({ max: 40 }) }))
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const heap = new Heap()
      const live: Block[] = []
      const check = (): void => {
        const sorted = [...live].sort((a, b) => a.address - b.address)
        sorted.forEach((b, i) => {
          expect(b.address % 64).toBe(0)
          expect(b.address).toBeGreaterThanOrEqual(i === 0 ? guardBytes : sorted[i - 1]!.address + sorted[i - 1]!.bytes)
        })
        expect(heap.usedBytes).toBe(live.reduce((sum, b) => sum + b.bytes, 0))
      }
      for (const a of actions) {
        if ('bytes' in a) {
          const block = heap.allocate(a.bytes, () => 'a test')
          expect(block.bytes).toBeGreaterThanOrEqual(a.bytes)
          live.push(block)
        } else if (live.length > 0) heap.free(live.splice(a.free % live.length, 1)[0]!)
        check()
      }
      for (const block of live) heap.free(block)
      expect([heap.usedBytes, heap.allocate(1 << 16, () => 'a test').address]).toEqual([0, guardBytes])
    }),
    { numRuns: 100 },
  )
})

test('a block is freed once', () => {
  const heap = new Heap()
  const [a] = [heap.allocate(64, () => 'one'), heap.allocate(64, () => 'another')]
  heap.free(a!)
  expect(() => heap.free(a!)).toThrow('was freed before')
})

test('when it is full it says what is in it', () => {
  const heap = new Heap(2 ** 20)
  heap.allocate(2 ** 19, () => 'the first')
  expect(() => heap.allocate(2 ** 19, () => 'a buffer float32[131072]')).toThrow(
    'wasm: no room for 512 KiB (a buffer float32[131072]): 512 KiB in 1 blocks are in use, and WebAssembly memory ends at 1.0 MiB',
  )
})

test('more than 4 GiB are refused, whatever is free', () => {
  const heap = new Heap()
  const [free, last] = [heap.allocate(2 ** 20, () => 'free again'), heap.allocate(64, () => 'the last')]
  heap.free(free)
  for (const bytes of [2 ** 32, 2 ** 32 + 64, 2 ** 33]) expect(() => heap.allocate(bytes, () => 'a tensor')).toThrow('wasm: no room for')
  expect([heap.usedBytes, last.isFree]).toEqual([64, false])
})
