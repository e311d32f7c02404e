import { expect, test } from 'vitest'
import { LruCache } from './lru.ts'

test('forgets what was used least recently', () => {
  const cache = new LruCache<number>(2)
  cache.set('a', 1)
  cache.set('b', 2)
  expect(cache.get('a')).toBe(1)
  cache.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3])
  cache.clear()
  expect(cache.get('a')).toBeUndefined()
})
