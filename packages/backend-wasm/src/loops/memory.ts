/**
 * Loads and stores. An index is a sum over the loops around it; its address is built up loop by loop, each adding its own share in a pointer that
 * it advances, so that no loop multiplies. What the lanes of a vector need of memory decides the instruction: neighbours are one load, a stride
 * of two is two loads and a shuffle, four columns of rows are four loads and a transposition, anything else goes lane by lane.
 */
import { type DType, dtypes, type Expr, type Load, type Range } from '@tenon/kernel'
import { either, type I32, type Statement, sequence, type V128, type Value, when } from '../assembler/code.ts'
import { f32, i8x16, i16x8, i32, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'
import { guardBytes } from '../heap.ts'
import { extract, type Width } from './operations.ts'
import { constant, innermost, keep, type Scope, type Site } from './scope.ts'
import type { Values } from './values.ts'

interface Address {
  readonly base: I32
  /** Bytes to add, in the instruction itself. */
  readonly offset: number
}

/** The addresses of one access: lane 0 of each part, and where the other lanes are. */
interface Places {
  /** Address of lane 0 of a part, moved on by some elements. */
  at(part: number, elements?: number): Address
  /** Elements from lane to lane. */
  readonly stride: number
  /** Elements from part to part. */
  readonly partStride: number
  /** More bytes for each lane, of each part: where the index is not linear in the lanes' axis. */
  readonly lanes: readonly V128[] | null
}

export class Memory {
  readonly #values: Values
  readonly #bases: readonly I32[]

  constructor(values: Values, bases: readonly I32[]) {
    this.#values = values
    this.#bases = bases
  }

  load(site: Site, e: Load, width: Width, scope: Scope): readonly Value[] {
    const { host } = this.#values
    const count = this.#values.partsOf(site, e)
    const places = this.#places(site, e.buffer, e.index, e.valid !== null, width, count, scope)
    if (width === 'scalar') {
      const valid = e.valid && this.#values.get(site, e.valid, 'scalar')
      return parts(count, (part) => {
        const value = loadOne(e.dtype, places.at(part))
        return valid ? either(pick(valid, part) as I32, value, zero(e.dtype)) : value
      })
    }
    if (!e.valid) return this.#loadVectors(site, e.dtype, places, count, scope)
    if (!this.#values.variesByLane(site, e.valid)) {
      const valid = this.#values.get(site, e.valid, 'scalar')
      return parts(count, (part) => either(pick(valid, part) as I32, loadLanes(e.dtype, places, part), v128.zero))
    }
    const mask = this.#values.get(site, e.valid, 'vector') as readonly V128[]
    if (places.lanes === null && this.#mayReadBeside(e)) {
      return parts(count, (part) => v128.and(loadLanes(e.dtype, places, part), pick(mask, part)))
    }
    return parts(count, (part) => {
      const result = host.f.local('v128')
      const lanewise = sequence(
        result.set(v128.zero),
        ...lanes.map((lane) =>
          when(i32x4.extract(pick(mask, part), lane), result.set(loadIntoLane(e.dtype, laneAddress(places, part, lane), result.get, lane))),
        ),
      )
      const allAtOnce = places.lanes === null && places.stride === 1
      const all = i32x4.allTrue(pick(mask, part))
      scope.statements.push(allAtOnce ? when(all, result.set(loadLanes(e.dtype, places, part)), lanewise) : lanewise)
      return result.get
    })
  }

  store(site: Site, buffer: number, index: Expr, values: readonly Value[], width: Width): void {
    const { nest } = this.#values
    const { dtype } = nest.buffers[buffer]!
    const scope = innermost(site)
    const count = site.parts?.count ?? 1
    const places = this.#places(site, buffer, index, false, width, count, scope)
    for (let part = 0; part < count; part++) {
      const value = pick(values, part)
      scope.statements.push(width === 'scalar' ? storeOne(dtype, places.at(part), value) : storeLanes(dtype, places, part, value as V128))
    }
  }

  /** A store, or an addition, of a single value at an index that may lie outside. */
  scatter(site: Site, buffer: number, index: Expr, value: Value, op: 'set' | 'add'): void {
    const { dtype, length } = this.#values.nest.buffers[buffer]!
    const [position] = this.#values.get(site, index, 'scalar') as readonly [I32]
    const { bytes } = dtypes[dtype]
    const address = { base: i32.add(this.#bases[buffer]!, i32.mul(position, i32.const(bytes))), offset: 0 }
    const add = dtype === 'float32' ? f32.add : i32.add
    const stored = op === 'set' ? value : add(loadOne(dtype, address) as never, value as never)
    innermost(site).statements.push(when(i32.ltU(position, i32.const(length)), storeOne(dtype, address, stored)))
  }

  #loadVectors(site: Site, dtype: DType, places: Places, count: number, scope: Scope): readonly V128[] {
    const { stride, partStride } = places
    const transposes = site.parts?.axis !== site.lanes && count % 4 === 0 && partStride === 1 && Math.abs(stride) > 1
    if (!transposes || places.lanes !== null || dtype === 'bool') return parts(count, (part) => loadLanes(dtype, places, part))
    return parts(count / 4, (block) => block).flatMap((block) => {
      const rows = lanes.map((lane) => {
        const { base, offset } = places.at(4 * block, lane * stride)
        return keep(this.#values.host, scope, v128.load(base, offset))
      })
      return transpose(rows as [V128, V128, V128, V128], (v) => keep(this.#values.host, scope, v))
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

  #places(site: Site, buffer: number, index: Expr, masked: boolean, width: Width, count: number, scope: Scope): Places {
    const { pool } = this.#values.nest
    const { bytes } = dtypes[this.#values.nest.buffers[buffer]!.dtype]
    const { terms, constant: start } = pool.linear(index)
    const vector = width === 'vector'
    const byDepth: Term[][] = site.scopes.map(() => [])
    const laneTerms: Term[] = []
    const partTerms: Term[] = []
    let stride = 0
    let partStride = 0
    for (const [atom, coefficient] of terms) {
      const term = { atom, coefficient }
      if (atom.op === 'index') {
        if (vector && atom.axis === site.lanes) stride += coefficient
        if (atom.axis === site.parts?.axis) partStride += coefficient * (atom.axis === site.lanes ? 4 : 1)
        byDepth[site.depths.get(atom.axis)!]!.push(term)
      } else if (vector && this.#values.variesByLane(site, atom)) laneTerms.push(term)
      else if (this.#values.partsOf(site, atom) > 1) partTerms.push(term)
      else byDepth[this.#values.depth(site, atom)]!.push(term)
    }

    // The constant goes into the instruction where what remains cannot be below 0: the machine adds without wrapping.
    const range = pool.range(index)
    const inInstruction = start >= 0 && range.min - start >= 0
    const pointer = this.#pointer(site, buffer, bytes, inInstruction ? 0 : start, byDepth)
    // Where every address before the constant is known to be one, so are its sums with positive distances.
    const forward = isSafe(range, bytes) || !masked
    const move = (base: I32, distance: number): Address =>
      distance === 0 || (forward && distance > 0) ? { base, offset: distance } : { base: i32.add(base, i32.const(distance)), offset: 0 }
    const moved = parts(partTerms.length ? count : 1, (part) =>
      partTerms.length
        ? keep(
            this.#values.host,
            scope,
            partTerms.reduce((sum, term) => i32.add(sum, this.#termValue(site, term, bytes, part)), pointer),
          )
        : pointer,
    )
    return {
      at: (part, elements = 0) => move(pick(moved, part) as I32, ((inInstruction ? start : 0) + part * partStride + elements) * bytes),
      stride,
      partStride,
      lanes: laneTerms.length ? this.#laneOffsets(site, laneTerms, stride, bytes, count, scope) : null,
    }
  }

  #termValue(site: Site, { atom, coefficient }: Term, bytes: number, part: number): I32 {
    const value = pick(this.#values.get(site, atom, 'scalar'), part) as I32
    return coefficient * bytes === 1 ? value : i32.mul(value, i32.const(coefficient * bytes))
  }

  /** Adds the shares of the scopes from the outermost to the innermost, each once. */
  #pointer(site: Site, buffer: number, bytes: number, start: number, byDepth: readonly (readonly Term[])[]): I32 {
    const { host } = this.#values
    let pointer = this.#bases[buffer]!
    let key = `pointer ${buffer}`
    if (start !== 0) {
      key += ` + ${start}`
      const base = pointer
      pointer = remember(host.root, key, () => keep(host, host.root, i32.add(base, i32.const(start * bytes))))
    }
    byDepth.forEach((terms, depth) => {
      if (terms.length === 0) return
      const scope = site.scopes[depth]!
      key += terms.map(({ atom, coefficient }) => ` + ${coefficient} * ${atom.id}`).join('')
      const outer = pointer
      pointer = remember(scope, key, () => {
        const own = terms.find(({ atom }) => atom.op === 'index')
        const others = terms.filter((term) => term !== own)
        const carried = own ? this.#inductive(scope, outer, own.coefficient * bytes) : outer
        if (others.length === 0) return carried
        return keep(
          host,
          scope,
          others.reduce((sum, term) => i32.add(sum, this.#termValue(site, term, bytes, 0)), carried),
        )
      })
    })
    return pointer
  }

  /** A pointer that its loop advances. */
  #inductive(scope: Scope, outer: I32, bytesPerStep: number): I32 {
    const loop = scope.loop!
    const pointer = this.#values.host.f.local('i32')
    const known = loop.start === null ? i32.mul(loop.counter.get, i32.const(bytesPerStep)) : i32.const(loop.start * bytesPerStep)
    loop.entry.push(pointer.set(loop.start === 0 ? outer : i32.add(outer, known)))
    loop.advance.push(pointer.set(i32.add(pointer.get, i32.const(loop.step * bytesPerStep))))
    return pointer.get
  }

  /** In bytes: the part of the index that is no linear function of the lanes' axis, and that axis' own share. */
  #laneOffsets(site: Site, terms: readonly Term[], stride: number, bytes: number, count: number, scope: Scope): readonly V128[] {
    const { host } = this.#values
    const own = constant(host, i32x4.lanes(0, stride * bytes, 2 * stride * bytes, 3 * stride * bytes))
    return parts(count, (part) => {
      const sum = terms.reduce<V128>((total, { atom, coefficient }) => {
        const value = pick(this.#values.get(site, atom, 'vector'), part) as V128
        return i32x4.add(total, i32x4.mul(value, constant(host, i32x4.const(coefficient * bytes))))
      }, own)
      return keep(host, scope, sum)
    })
  }
}

interface Term {
  readonly atom: Expr
  readonly coefficient: number
}

const lanes = [0, 1, 2, 3] as const

const parts = <T>(count: number, f: (part: number) => T): readonly T[] => Array.from({ length: count }, (_, part) => f(part))
export const pick = <T>(pieces: readonly T[], part: number): T => pieces[pieces.length === 1 ? 0 : part]!

const isSafe = (range: Range, bytes: number): boolean => range.min * bytes >= 64 - guardBytes

function remember(scope: Scope, key: string, compute: () => I32): I32 {
  const known = scope.values.get(key)
  if (known) return known[0] as I32
  const value = compute()
  scope.values.set(key, [value])
  return value
}

const zero = (dtype: DType): Value => (dtype === 'float32' ? f32.const(0) : i32.const(0))

function loadOne(dtype: DType, { base, offset }: Address): Value {
  if (dtype === 'float32') return f32.load(base, offset)
  return dtype === 'bool' ? i32.load8U(base, offset) : i32.load(base, offset)
}

function storeOne(dtype: DType, { base, offset }: Address, value: Value): Statement {
  if (dtype === 'float32') return f32.store(base, value as never, offset)
  return dtype === 'bool' ? i32.store8(base, value as I32, offset) : i32.store(base, value as I32, offset)
}

const laneAddress = (places: Places, part: number, lane: number): Address => {
  if (places.lanes === null) return places.at(part, lane * places.stride)
  const { base, offset } = places.at(part)
  return { base: i32.add(base, i32x4.extract(pick(places.lanes, part), lane)), offset }
}

const loadIntoLane = (dtype: DType, { base, offset }: Address, into: V128, lane: number): V128 =>
  dtype === 'bool' ? i32x4.replace(into, lane, i32.sub(i32.const(0), i32.load8U(base, offset))) : v128.load32Lane(base, into, lane, offset)

function loadLanes(dtype: DType, places: Places, part: number): V128 {
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
      const backwards = v128.load(first.base, first.offset)
      return shuffle32(backwards, v128.zero, [3, 2, 1, 0])
    }
  }
  return lanes.reduce<V128>((vector, lane) => loadIntoLane(dtype, laneAddress(places, part, lane), vector, lane), v128.zero)
}

function storeLanes(dtype: DType, places: Places, part: number, value: V128): Statement {
  if (places.lanes === null && places.stride === 1) {
    const { base, offset } = places.at(part)
    if (dtype !== 'bool') return v128.store(base, value, offset)
    // The low byte of each lane, as 0 or 1.
    const bytes = v128.and(value, i32x4.const(1))
    const low = i8x16.shuffle(bytes, v128.zero, [0, 4, 8, 12, ...Array.from({ length: 12 }, () => 16)])
    return v128.store32Lane(base, low, 0, offset)
  }
  return sequence(
    ...lanes.map((lane) => {
      const address = laneAddress(places, part, lane)
      return dtype === 'bool'
        ? storeOne(dtype, address, extract(dtype, value, lane))
        : v128.store32Lane(address.base, value, lane, address.offset)
    }),
  )
}

function transpose(rows: readonly [V128, V128, V128, V128], keepVector: (v: V128) => V128): readonly V128[] {
  const [a, b, c, d] = rows
  const ab0 = keepVector(shuffle32(a, b, [0, 4, 1, 5]))
  const ab1 = keepVector(shuffle32(a, b, [2, 6, 3, 7]))
  const cd0 = keepVector(shuffle32(c, d, [0, 4, 1, 5]))
  const cd1 = keepVector(shuffle32(c, d, [2, 6, 3, 7]))
  return [
    shuffle32(ab0, cd0, [0, 1, 4, 5]),
    shuffle32(ab0, cd0, [2, 3, 6, 7]),
    shuffle32(ab1, cd1, [0, 1, 4, 5]),
    shuffle32(ab1, cd1, [2, 3, 6, 7]),
  ]
}
