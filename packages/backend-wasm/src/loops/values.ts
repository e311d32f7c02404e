/**
 * Expressions to code. Each distinct expression is computed once, in the outermost scope that knows everything it depends on; a
 * value is a list of one piece of code for each part, or of one where all parts agree.
 */
import { type Expr, walker } from '@tenon/kernel'
import type { I32, V128, Value } from '../assembler/code.ts'
import { i32, i32x4 } from '../assembler/instructions.ts'
import { Memory } from './memory.ts'
import type { Nest } from './nest.ts'
import { binary, cast, literal, select, splat, unary, type Width } from './operations.ts'
import { constant, type Host, keep, type Scope, type Site, target } from './scope.ts'

interface Dependence {
  readonly axes: ReadonlySet<number>
  readonly register: boolean
}

export class Values {
  readonly host: Host
  readonly nest: Nest
  readonly memory: Memory
  readonly dependence: (e: Expr) => Dependence
  readonly #scalars: readonly Value[]

  constructor(host: Host, nest: Nest, bases: readonly I32[], scalars: readonly Value[]) {
    this.host = host
    this.nest = nest
    this.#scalars = scalars
    this.memory = new Memory(this, bases)
    const none: Dependence = { axes: new Set(), register: false }
    const union = (...all: readonly (Dependence | null)[]): Dependence => ({
      axes: new Set(all.flatMap((d) => (d ? [...d.axes] : []))),
      register: all.some((d) => d?.register),
    })
    this.dependence = walker<Dependence>({
      literal: () => none,
      scalar: () => none,
      index: (e) => ({ axes: new Set([e.axis]), register: false }),
      register: () => ({ axes: new Set(), register: true }),
      stored: () => none,
      load: (_, index, valid) => union(index, valid),
      unary: (_, x) => x,
      cast: (_, x) => x,
      binary: (_, a, b) => union(a, b),
      select: (_, cond, a, b) => union(cond, a, b),
    })
  }

  variesByLane(site: Site, e: Expr): boolean {
    const { axes, register } = this.dependence(e)
    return site.lanes !== null && (axes.has(site.lanes) || (register && site.lanesOfGrid))
  }

  partsOf(site: Site, e: Expr): number {
    const { axes, register } = this.dependence(e)
    return site.parts && (axes.has(site.parts.axis) || (register && site.lanesOfGrid)) ? site.parts.count : 1
  }

  depth(site: Site, e: Expr): number {
    const { axes, register } = this.dependence(e)
    return Math.max(register ? site.registerDepth : 0, ...[...axes].map((axis) => site.depths.get(axis)!))
  }

  scopeOf(site: Site, e: Expr): Scope {
    return site.scopes[this.depth(site, e)]!
  }

  /** Width 'vector' needs a site with lanes. */
  get(site: Site, e: Expr, width: Width): readonly Value[] {
    if (e.op === 'literal') {
      const value = literal(e.dtype, e.value, width)
      return [width === 'vector' ? constant(this.host, value as V128) : value]
    }
    const scope = this.scopeOf(site, e)
    const key = `${width} ${e.id}`
    let result = scope.values.get(key)
    if (!result) {
      const spread = width === 'vector' && !this.variesByLane(site, e)
      const pieces = spread ? this.get(site, e, 'scalar').map((x) => splat(e.dtype, x)) : this.#compute(site, e, width, scope)
      result = e.op === 'register' && !spread ? pieces : pieces.map((piece) => keep(this.host, scope, piece))
      scope.values.set(key, result)
    }
    return result
  }

  #compute(site: Site, e: Exclude<Expr, { op: 'literal' }>, width: Width, scope: Scope): readonly Value[] {
    const t = target(this.host, scope)
    const count = this.partsOf(site, e)
    const operand = (x: Expr): ((part: number) => Value) => {
      const pieces = this.get(site, x, width)
      return (part) => pieces[pieces.length === 1 ? 0 : part]!
    }
    const each = (f: (part: number) => Value): readonly Value[] => Array.from({ length: count }, (_, part) => f(part))
    switch (e.op) {
      case 'scalar':
        return [this.#scalars[e.slot]!]
      case 'index':
        return this.#index(site, e.axis, width, count)
      case 'register':
        return site.registers.get(e.stage)!
      case 'stored':
        throw new Error('a nest has no stored values left')
      case 'load':
        return this.memory.load(site, e, width, scope)
      case 'unary': {
        const x = operand(e.x)
        return each((part) => unary(t, e.fn, e.dtype, x(part), width))
      }
      case 'binary': {
        const a = operand(e.a)
        const b = operand(e.b)
        return each((part) => binary(t, e.fn, e.a.dtype, a(part), b(part), e.b, width))
      }
      case 'select': {
        const [cond, a, b] = [operand(e.cond), operand(e.a), operand(e.b)]
        return each((part) => select(cond(part), a(part), b(part), width))
      }
      case 'cast': {
        const x = operand(e.x)
        return each((part) => cast(t, e.x.dtype, e.dtype, x(part), width))
      }
    }
  }

  #index(site: Site, axis: number, width: Width, count: number): readonly Value[] {
    const counter = site.scopes[site.depths.get(axis)!]!.loop!.counter.get
    const isLanes = width === 'vector'
    return Array.from({ length: count }, (_, part) => {
      const shift = part * (site.lanes === axis ? 4 : 1)
      if (!isLanes) return shift === 0 ? counter : i32.add(counter, i32.const(shift))
      const lanes = constant(this.host, i32x4.lanes(shift, shift + 1, shift + 2, shift + 3))
      return i32x4.add(i32x4.splat(counter), lanes)
    })
  }
}
