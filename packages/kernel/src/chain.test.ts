import { expect, test } from 'vitest'
import { Chain, type Link } from './chain.ts'

interface Item extends Link<Item> {
  readonly name: number
}
const items = (n: number): Item[] => Array.from({ length: n }, (_, name) => ({ name, bytes: 10, chain: null, previous: null, next: null }))
const names = (chain: Chain<Item>): number[] => {
  const found: number[] = []
  for (let item = chain.first; item; item = item.next) found.push(item.name)
  return found
}

test('holds what came and has not left, in order', () => {
  const chain = new Chain<Item>()
  const [a, b, c, d] = items(4) as [Item, Item, Item, Item]
  for (const item of [a, b, c, d]) chain.add(item)
  expect([names(chain), chain.last, chain.size, chain.bytes]).toEqual([[0, 1, 2, 3], d, 4, 40])
  chain.delete(b)
  chain.add(a)
  expect([names(chain), chain.last, chain.size, b.chain, b.next]).toEqual([[2, 3, 0], a, 3, null, null])
  for (const item of [c, a, d]) chain.delete(item)
  expect([chain.first, chain.last, chain.size, chain.bytes]).toEqual([null, null, 0, 0])
})

test('what comes into another chain leaves the one that it was in', () => {
  const [one, other] = [new Chain<Item>(), new Chain<Item>()]
  const [a, b] = items(2) as [Item, Item]
  one.add(a)
  one.add(b)
  other.add(a)
  expect([names(one), names(other), a.chain]).toEqual([[1], [0], other])
})
