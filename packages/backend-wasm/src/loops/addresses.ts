/**
 * Where accesses go. An index is a sum over the loops around it; its address is built up loop by loop, each adding its own share in a pointer
 * that it advances, so that no loop multiplies.
 */
import { dtypes, type Expr, type Range } from '@tenon/kernel'
import type { I32, V128 } from '../assembler/code.ts'
import { i32, i32x4 } from '../assembler/instructions.ts'
import { guardBytes } from '../heap.ts'
import type { Width } from './operations.ts'
import { constant, keep, type Scope, type Site } from './scope.ts'
import type { Values } from './values.ts'

export interface Address {
  readonly base: I32
  /** Bytes to add, in the instruction itself. */
  readonly offset: number
}

/** The addresses of one access: lane 0 of each part, and where the other lanes are. */
export interface Places {
  /** Address of lane 0 of a part, moved on by some elements. */
  at(part: number, elements?: number): Address
  /** Elements from lane to lane. */
  readonly stride: number
  /** Elements from part to part. */
  readonly partStride: number
  /** More bytes for each lane, of each part: where the index is not linear in the lanes' axis. */
  readonly lanes: readonly V128[] | null
}

interface Term {
  readonly atom: Expr
  readonly coefficient: number
}

/** The terms of an index, by what they vary with. */
interface Terms {
  /** For each scope of the site. */
  readonly byDepth: readonly Term[][]
  readonly byLane: readonly Term[]
  readonly byPart: readonly Term[]
  readonly stride: number
  readonly partStride: number
}

export const forParts = <T>(count: number, f: (part: number) => T): readonly T[] => Array.from({ length: count }, (_, part) => f(part))

/** Of pieces that are one for all parts, or one for each. */
export const pick = <T>(pieces: readonly T[], part: number): T => pieces[pieces.length === 1 ? 0 : part]!

export class Addresses {
  readonly #values: Values
  readonly #bases: readonly I32[]

  constructor(values: Values, bases: readonly I32[]) {
    this.#values = values
    this.#bases = bases
  }

  base(buffer: number): I32 {
    return this.#bases[buffer]!
  }

  /** `masked` when the access may be left out, so that its address need not be one. */
  places(site: Site, buffer: number, index: Expr, masked: boolean, width: Width, count: number, scope: Scope): Places {
    const { host, nest } = this.#values
    const { bytes } = dtypes[nest.buffers[buffer]!.dtype]
    const { constant: start } = nest.pool.linear(index)
    const { byDepth, byLane, byPart, stride, partStride } = this.#sort(site, index, width)

    // The constant goes into the instruction where what remains cannot be below 0: the machine adds without wrapping.
    const range = nest.pool.range(index)
    const inInstruction = start >= 0 && range.min - start >= 0
    const pointer = this.#pointer(site, buffer, bytes, inInstruction ? 0 : start, byDepth)
    const withParts = (part: number): I32 => byPart.reduce((sum, term) => i32.add(sum, this.#share(site, term, bytes, part)), pointer)
    const pointers = byPart.length > 0 ? forParts(count, (part) => keep(host, scope, withParts(part))) : [pointer]

    // From an address that is certainly one, distances forward can go into the instruction too.
    const forward = !masked || isAddress(range, bytes)
    return {
      at: (part, elements = 0) => {
        const base = pick(pointers, part)
        const distance = ((inInstruction ? start : 0) + part * partStride + elements) * bytes
        if (distance === 0 || (forward && distance > 0)) return { base, offset: distance }
        return { base: i32.add(base, i32.const(distance)), offset: 0 }
      },
      stride,
      partStride,
      lanes: byLane.length > 0 ? this.#laneOffsets(site, byLane, stride, bytes, count, scope) : null,
    }
  }

  #sort(site: Site, index: Expr, width: Width): Terms {
    const byDepth: Term[][] = site.scopes.map(() => [])
    const byLane: Term[] = []
    const byPart: Term[] = []
    const isVector = width === 'vector'
    let stride = 0
    let partStride = 0
    for (const [atom, coefficient] of this.#values.nest.pool.linear(index).terms) {
      const term = { atom, coefficient }
      if (atom.op === 'index') {
        if (isVector && atom.axis === site.lanes) stride += coefficient
        if (atom.axis === site.parts?.axis) partStride += coefficient * (atom.axis === site.lanes ? 4 : 1)
        byDepth[site.depths.get(atom.axis)!]!.push(term)
      } else if (isVector && this.#values.variesByLane(site, atom)) byLane.push(term)
      else if (this.#values.partsOf(site, atom) > 1) byPart.push(term)
      else byDepth[this.#values.depth(site, atom)]!.push(term)
    }
    return { byDepth, byLane, byPart, stride, partStride }
  }

  #share(site: Site, { atom, coefficient }: Term, bytes: number, part: number): I32 {
    const value = pick(this.#values.get(site, atom, 'scalar'), part) as I32
    return coefficient * bytes === 1 ? value : i32.mul(value, i32.const(coefficient * bytes))
  }

  /** Adds the shares of the scopes from the outermost to the innermost, each once. */
  #pointer(site: Site, buffer: number, bytes: number, start: number, byDepth: readonly (readonly Term[])[]): I32 {
    const { host } = this.#values
    let pointer = this.base(buffer)
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
        const sum = others.reduce((total, term) => i32.add(total, this.#share(site, term, bytes, 0)), carried)
        return keep(host, scope, sum)
      })
    })
    return pointer
  }

  /** A pointer that its loop advances. */
  #inductive(scope: Scope, outer: I32, bytesPerPoint: number): I32 {
    const { counter, start, step, entry, advance } = scope.loop!
    const pointer = this.#values.host.f.local('i32')
    const skipped = start === null ? i32.mul(counter.get, i32.const(bytesPerPoint)) : i32.const(start * bytesPerPoint)
    entry.push(pointer.set(start === 0 ? outer : i32.add(outer, skipped)))
    advance.push(pointer.set(i32.add(pointer.get, i32.const(step * bytesPerPoint))))
    return pointer.get
  }

  /** In bytes: the part of the index that is no linear function of the lanes' axis, and that axis' own share. */
  #laneOffsets(site: Site, terms: readonly Term[], stride: number, bytes: number, count: number, scope: Scope): readonly V128[] {
    const { host } = this.#values
    const own = constant(host, i32x4.lanes(0, stride * bytes, 2 * stride * bytes, 3 * stride * bytes))
    return forParts(count, (part) => {
      const sum = terms.reduce<V128>((total, { atom, coefficient }) => {
        const value = pick(this.#values.get(site, atom, 'vector'), part) as V128
        return i32x4.add(total, i32x4.mul(value, constant(host, i32x4.const(coefficient * bytes))))
      }, own)
      return keep(host, scope, sum)
    })
  }
}

const isAddress = (range: Range, bytes: number): boolean => range.min * bytes >= 64 - guardBytes

function remember(scope: Scope, key: string, compute: () => I32): I32 {
  const known = scope.values.get(key)
  if (known) return known[0] as I32
  const value = compute()
  scope.values.set(key, [value])
  return value
}
