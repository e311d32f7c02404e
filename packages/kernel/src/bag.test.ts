import { expect, test } from 'vitest'
import { Bag } from './bag.ts'

const items = (n: number) => Array.from({ length: n }, (_, name) => ({ name, place: -1 }))

test('holds what entered and has not left, once', () => {
  const bag = new Bag<{ name: number; place: number }>()
  const [a, b, c] = items(3)
  for (const item of [a!, b!, b!, c!]) bag.add(item)
  expect([bag.size, bag.has(b!), bag.last]).toEqual([3, true, c])
  expect([bag.delete(a!), bag.delete(a!)]).toEqual([true, false])
  expect(bag.items.map(({ name }) => name).sort()).toEqual([1, 2])
  expect([bag.has(a!), bag.has(c!), bag.size]).toEqual([false, true, 2])
})

test('an item of another bag is not in this one', () => {
  const [mine, other] = [new Bag(), new Bag()]
  const [a, b] = items(2)
  mine.add(a!)
  other.add(b!)
  expect([mine.has(b!), mine.delete(b!), other.size]).toEqual([false, false, 1])
})
