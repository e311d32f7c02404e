/**
 * Memory to lanes and back. What the lanes need decides the instruction: neighbours are one load, every second element is two loads and a
 * shuffle, anything else goes lane by lane. At the end of an axis only the first few lanes are `active`.
 */
import type { DType } from '@tenon/kernel'
import { type I32, type Statement, sequence, type V128, type Value } from '../assembler/code.ts'
import { f32, i8x16, i16x8, i32, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'
import { type Address, type Places, pick } from './addresses.ts'
import { extract } from './operations.ts'

export const zeroOf = (dtype: DType): Value => (dtype === 'float32' ? f32.const(0) : i32.const(0))

export function loadOne(dtype: DType, { base, offset }: Address): Value {
  if (dtype === 'float32') return f32.load(base, offset)
  return dtype === 'bool' ? i32.load8U(base, offset) : i32.load(base, offset)
}

export function storeOne(dtype: DType, { base, offset }: Address, value: Value): Statement {
  if (dtype === 'float32') return f32.store(base, value as never, offset)
  return dtype === 'bool' ? i32.store8(base, value as I32, offset) : i32.store(base, value as I32, offset)
}

export const firstLanes = (active: number): readonly number[] => [0, 1, 2, 3].slice(0, active)

function laneAddress(places: Places, part: number, lane: number): Address {
  if (places.lanes === null) return places.at(part, lane * places.stride)
  const { base, offset } = places.at(part)
  return { base: i32.add(base, i32x4.extract(pick(places.lanes, part), lane)), offset }
}

export function loadLane(dtype: DType, places: Places, part: number, into: V128, lane: number): V128 {
  const { base, offset } = laneAddress(places, part, lane)
  if (dtype !== 'bool') return v128.load32Lane(base, into, lane, offset)
  return i32x4.replace(into, lane, i32.sub(i32.const(0), i32.load8U(base, offset)))
}

export function loadLanes(dtype: DType, places: Places, part: number, active: number): V128 {
  const { base, offset } = places.at(part)
  if (places.lanes === null && places.stride === 1) {
    if (dtype !== 'bool') return v128.load(base, offset)
    return i32x4.neg(i32x4.extendLowU16(i16x8.extendLowU8(v128.load32Zero(base, offset))))
  }
  if (places.lanes === null && dtype !== 'bool') {
    if (places.stride === 0) return v128.load32Splat(base, offset)
    if (places.stride === 2) {
      const next = places.at(part, 4)
      return shuffle32(v128.load(base, offset), v128.load(next.base, next.offset), [0, 2, 4, 6])
    }
    if (places.stride === -1) {
      const first = places.at(part, -3)
      return shuffle32(v128.load(first.base, first.offset), v128.zero, [3, 2, 1, 0])
    }
  }
  return firstLanes(active).reduce<V128>((vector, lane) => loadLane(dtype, places, part, vector, lane), v128.zero)
}

export function storeLanes(dtype: DType, places: Places, part: number, value: V128, active: number): Statement {
  if (places.lanes === null && places.stride === 1 && active === 4) {
    const { base, offset } = places.at(part)
    if (dtype !== 'bool') return v128.store(base, value, offset)
    // The low byte of each lane, as 0 or 1.
    const bytes = v128.and(value, i32x4.const(1))
    const low = i8x16.shuffle(bytes, v128.zero, [0, 4, 8, 12, ...Array.from({ length: 12 }, () => 16)])
    return v128.store32Lane(base, low, 0, offset)
  }
  return sequence(
    ...firstLanes(active).map((lane) => {
      const address = laneAddress(places, part, lane)
      if (dtype === 'bool') return storeOne(dtype, address, extract(dtype, value, lane))
      return v128.store32Lane(address.base, value, lane, address.offset)
    }),
  )
}

/** Even and odd elements that belong side by side, as two vectors of neighbours. */
export const interleave = (even: V128, odd: V128): readonly [V128, V128] => [
  shuffle32(even, odd, [0, 4, 1, 5]),
  shuffle32(even, odd, [2, 6, 3, 7]),
]

/** Four rows into four columns. */
export function transpose(rows: readonly V128[], keep: (v: V128) => V128): readonly V128[] {
  const [a, b, c, d] = rows as [V128, V128, V128, V128]
  const [ab0, ab1] = interleave(a, b).map(keep) as [V128, V128]
  const [cd0, cd1] = interleave(c, d).map(keep) as [V128, V128]
  return [
    shuffle32(ab0, cd0, [0, 1, 4, 5]),
    shuffle32(ab0, cd0, [2, 3, 6, 7]),
    shuffle32(ab1, cd1, [0, 1, 4, 5]),
    shuffle32(ab1, cd1, [2, 3, 6, 7]),
  ]
}
