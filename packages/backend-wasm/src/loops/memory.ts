/** Loads and stores of the expressions of a nest. */
import { type DType, dtypes, type Expr, type Load } from '@tenon/kernel'
import { either, type I32, type Statement, sequence, type V128, type Value, when } from '../assembler/code.ts'
import { f32, f32x4, i32, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'
import { guardBytes } from '../heap.ts'
import { Addresses, forParts, type Places, pick } from './addresses.ts'
import { firstLanes, interleave, loadLane, loadLanes, loadOne, storeLanes, storeOne, transpose, zeroOf } from './lanes.ts'
import type { Write } from './nest.ts'
import type { Width } from './operations.ts'
import { innermost, keep, type Scope, type Site } from './scope.ts'
import type { Values } from './values.ts'

export class Memory {
  readonly #values: Values
  readonly #addresses: Addresses

  constructor(values: Values, bases: readonly I32[]) {
    this.#values = values
    this.#addresses = new Addresses(values, bases)
  }

  load(site: Site, e: Load, width: Width, scope: Scope): readonly Value[] {
    const count = this.#values.partsOf(site, e)
    const places = this.#addresses.places(site, e.buffer, e.index, e.valid !== null, width, count, scope)
    const { active } = site
    if (width === 'vector') {
      if (!e.valid) return this.#loadAll(site, e.dtype, places, count, scope)
      if (this.#values.variesByLane(site, e.valid)) return this.#loadMasked(site, e, e.valid, places, count, scope)
    }
    const valid = e.valid && this.#values.get(site, e.valid, 'scalar')
    return forParts(count, (part) => {
      const value = width === 'vector' ? loadLanes(e.dtype, places, part, active) : loadOne(e.dtype, places.at(part))
      return valid ? either(pick(valid, part) as I32, value, width === 'vector' ? v128.zero : zeroOf(e.dtype)) : value
    })
  }

  /** All writes of a group at one place of it. */
  store(site: Site, writes: readonly Write[], values: readonly (readonly Value[])[], width: Width): void {
    const { statements } = innermost(site)
    const { buffers } = this.#values.nest
    const count = site.parts?.count ?? 1
    const stores = writes.map(({ buffer, index }, i) => ({
      buffer,
      index,
      dtype: buffers[buffer]!.dtype,
      values: values[i]!,
      places: this.#addresses.places(site, buffer, index, false, width, count, innermost(site)),
    }))
    const done = new Set<unknown>()
    for (const store of stores) {
      if (done.has(store)) continue
      const partner = width === 'vector' && site.active === 4 ? stores.find((other) => this.#interleaves(store, other)) : undefined
      done.add(partner)
      for (let part = 0; part < count; part++) {
        const { dtype, places } = store
        const value = pick(store.values, part)
        if (width === 'scalar') statements.push(storeOne(dtype, places.at(part), value))
        else if (partner) statements.push(storePair(places, part, value as V128, pick(partner.values, part) as V128))
        else statements.push(storeLanes(dtype, places, part, value as V128, site.active))
      }
    }
  }

  /** A store, or an addition, at an index that may lie outside: that of the first lane, and then the others are its neighbours. */
  scatter(site: Site, { buffer, index, scatter }: Write, value: Value, width: Width): void {
    const { host, nest } = this.#values
    const { dtype, length } = nest.buffers[buffer]!
    const [position] = this.#values.get(site, index, 'scalar') as readonly [I32]
    const { statements } = innermost(site)
    const base = keep(host, innermost(site), i32.add(this.#addresses.base(buffer), i32.mul(position, i32.const(dtypes[dtype].bytes))))
    const address = { base, offset: 0 }
    const places: Places = { at: () => address, stride: 1, partStride: 0, lanes: null }
    const isFloat = dtype === 'float32'
    const written =
      width === 'scalar'
        ? storeOne(
            dtype,
            address,
            scatter === 'set' ? value : (isFloat ? f32.add : i32.add)(loadOne(dtype, address) as never, value as never),
          )
        : storeLanes(
            dtype,
            places,
            0,
            scatter === 'set'
              ? (value as V128)
              : (isFloat ? f32x4.add : i32x4.add)(loadLanes(dtype, places, 0, site.active), value as V128),
            site.active,
          )
    statements.push(when(i32.ltU(position, i32.const(length)), written))
  }

  #loadAll(site: Site, dtype: DType, places: Places, count: number, scope: Scope): readonly V128[] {
    const { stride, partStride } = places
    const isPlain = places.lanes === null && dtype !== 'bool'
    if (isPlain && stride === 2) return forParts(count, (part) => this.#loadHalf(places, part, scope))
    const transposes = site.parts?.axis !== site.lanes && count % 4 === 0 && partStride === 1 && Math.abs(stride) > 1
    if (!transposes || !isPlain) return forParts(count, (part) => loadLanes(dtype, places, part, site.active))
    const kept = (v: V128): V128 => keep(this.#values.host, scope, v)
    return forParts(count / 4, (block) => block).flatMap((block) => {
      const rows = [0, 1, 2, 3].map((lane) => {
        // A row past the end need not be there.
        const { base, offset } = places.at(4 * block, lane < site.active ? lane * stride : 0)
        return kept(v128.load(base, offset))
      })
      return transpose(rows, kept)
    })
  }

  /** Every second element of eight; whoever wants the others finds the eight loaded. */
  #loadHalf(places: Places, part: number, scope: Scope): V128 {
    const { base, offset } = places.at(part)
    const keyOf = (at: number): string => `eight at ${JSON.stringify(base.bytes)} ${at}`
    const before = scope.values.get(keyOf(offset - 4)) as readonly [V128, V128] | undefined
    if (before) return shuffle32(before[0], before[1], [1, 3, 5, 7])
    const next = places.at(part, 4)
    const low = keep(this.#values.host, scope, v128.load(base, offset))
    const high = keep(this.#values.host, scope, v128.load(next.base, next.offset))
    scope.values.set(keyOf(offset), [low, high])
    return shuffle32(low, high, [0, 2, 4, 6])
  }

  #loadMasked(site: Site, e: Load, valid: Expr, places: Places, count: number, scope: Scope): readonly V128[] {
    const masks = this.#values.get(site, valid, 'vector') as readonly V128[]
    const { active } = site
    if (places.lanes === null && this.#mayReadBeside(e)) {
      return forParts(count, (part) => v128.and(loadLanes(e.dtype, places, part, active), pick(masks, part)))
    }
    return forParts(count, (part) => {
      const result = this.#values.host.f.local('v128')
      const mask = pick(masks, part)
      const one = (lane: number): Statement =>
        when(i32x4.extract(mask, lane), result.set(loadLane(e.dtype, places, part, result.get, lane)))
      const oneByOne = sequence(result.set(v128.zero), ...firstLanes(active).map(one))
      const atOnce = places.lanes === null && places.stride === 1 && active === 4
      const all = i32x4.allTrue(mask)
      scope.statements.push(atOnce ? when(all, result.set(loadLanes(e.dtype, places, part, active)), oneByOne) : oneByOne)
      return result.get
    })
  }

  /** Whether lanes that are masked out still read memory that is there. */
  #mayReadBeside(e: Load): boolean {
    const { length, dtype } = this.#values.nest.buffers[e.buffer]!
    const { min, max } = this.#values.nest.pool.range(e.index)
    const { bytes } = dtypes[dtype]
    // Eight elements more, for what is loaded and dropped.
    return (8 - min) * bytes <= guardBytes && (max + 8 - length) * bytes <= guardBytes
  }

  /** Whether two stores fill the even and the odd places of the same stretch. */
  #interleaves(even: Placed, odd: Placed): boolean {
    const { pool } = this.#values.nest
    const isPlain = even.places.lanes === null && even.places.stride === 2 && even.dtype !== 'bool'
    return isPlain && even.buffer === odd.buffer && odd.places.stride === 2 && pool.sub(odd.index, even.index) === pool.int(1)
  }
}

interface Placed {
  readonly buffer: number
  readonly index: Expr
  readonly dtype: DType
  readonly places: Places
}

function storePair(places: Places, part: number, even: V128, odd: V128): Statement {
  const [low, high] = interleave(even, odd)
  const [first, second] = [places.at(part), places.at(part, 4)]
  return sequence(v128.store(first.base, low, first.offset), v128.store(second.base, high, second.offset))
}
