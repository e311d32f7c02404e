/** Loop kernels as functions: the loops around the points, the stages at each. */
import { isArg, type LoopKernel } from '@tenon/kernel'
import { doWhile, type I32, loopWhile, type Statement, sequence, type V128, type Value, when } from '../assembler/code.ts'
import { f32, i32, memoryFill } from '../assembler/instructions.ts'
import type { FunctionBuilder, Local, ModuleBuilder } from '../assembler/module.ts'
import { plus, times, Writer } from '../assembler/writer.ts'
import type { MathFunctions } from '../math/routines.ts'
import { pick } from './addresses.ts'
import { tidyAxes } from './axes.ts'
import { type ColumnSums, columnSums } from './column-sums.ts'
import { buildNest, type Group, type Loop, type Nest } from './nest.ts'
import { scalarType, type Width } from './operations.ts'
import { type GroupPlan, type Plan, planLanes } from './plan.ts'
import { type Accumulator, begin, finish, join, joinLanes, makeAccumulator, onlyActive, resultOf, take } from './reductions.ts'
import { type ActiveLoop, type Host, innermost, Scope, type Site, target } from './scope.ts'
import { Values } from './values.ts'

export interface ModuleContext {
  readonly module: ModuleBuilder
  readonly math: MathFunctions
  readonly relaxed: boolean
  /** How many threads are to find work in a kernel. */
  readonly threads: number
}

/** A kernel as a function of (arguments, begin, end, scratch): see `KernelFunction`. */
export interface LoopFunction {
  readonly f: FunctionBuilder<'none'>
  readonly extent: number
  /** Shares begin at multiples of this, so that vectors are not cut. */
  readonly grain?: number
  readonly scratchBytes: number
}

interface Bounds {
  /** Null where it is not known before the run. */
  readonly start: number | null
  readonly startCode: I32
  readonly end: number | null
  readonly endCode: I32
}

const wholeOf = (loop: Loop): Bounds => ({
  start: 0,
  startCode: i32.const(0),
  end: loop.extent,
  endCode: i32.const(loop.extent),
})

/** Null when the kernel does nothing. */
export function compileLoops(context: ModuleContext, kernel: LoopKernel): LoopFunction | null {
  const nest = buildNest(kernel)
  if (!nest) return null
  const tidy = tidyAxes(nest)
  const sums = columnSums(tidy)
  if (sums) return compileColumnSums(context, sums)
  const plan = planLanes(tidy)
  return compileNest(context, tidy, { ...plan, grid: { ...plan.grid, order: evenFirst(plan.grid, context.threads) } })
}

/** The outermost loop is what threads share: one that gives all of them the same, if there is any. Lanes and parts stay the last ones. */
function evenFirst({ order, lanes, parts }: GroupPlan, threads: number): readonly Loop[] {
  const isEven = ({ extent }: Loop): boolean => extent % threads === 0 || extent >= 4 * threads
  const found = order.find((loop) => isEven(loop) && loop.axis !== lanes && loop.axis !== parts?.axis)
  return !found || isEven(order[0]!) ? order : [found, ...order.filter((loop) => loop !== found)]
}

export function compileNest(context: ModuleContext, nest: Nest, plan: Plan): LoopFunction {
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [begin, end] = [f.param(1, 'i32').get, f.param(2, 'i32').get]
  const outermost = plan.grid.order[0]
  const ranges = new Map(outermost ? [[outermost.axis, { start: null, startCode: begin, end: null, endCode: end }]] : [])
  const code = new NestCompiler({ ...context, f, root: new Scope() }, nest, plan, [], ranges).compile()
  f.add(outermost ? code : when(i32.ltS(begin, end), code))
  const { lanes, parts } = plan.grid
  const grain = outermost ? (outermost.axis === lanes ? 4 : 1) * (outermost.axis === parts?.axis ? parts.count : 1) : 1
  return { f, extent: outermost?.extent ?? 1, grain, scratchBytes: 0 }
}

/** Shares of columns begin with a cache line. */
const lineColumns = 16

function compileColumnSums(context: ModuleContext, { columns, sums, adding, finishing }: ColumnSums): LoopFunction {
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, scratch] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const w = new Writer(f)
  const bytes = w.keep(times(i32.sub(end, begin), 4))
  for (let i = 0; i < sums; i++) {
    w.add(memoryFill(plus(scratch, i32.const(4 * i * columns.extent), times(begin, 4)), i32.const(0), bytes))
  }
  for (const nest of [adding, finishing]) w.add(compileNestPiece(context, nest, planLanes(nest), 1).call(args, scratch, begin, end))
  f.add(w.code)
  return { f, extent: columns.extent, grain: lineColumns, scratchBytes: 4 * sums * columns.extent }
}

/** A part of a larger kernel: of its buffers the last are scratch, and of its grid some axes are run in part. */
export interface Piece {
  readonly kernel: LoopKernel
  readonly scratchBuffers: number
  readonly ranged: readonly number[]
}

/** A function of (arguments, address of each scratch buffer, begin and end of each ranged axis). */
export function compilePiece(context: ModuleContext, { kernel, scratchBuffers, ranged }: Piece): FunctionBuilder<'none'> {
  const params = pieceParams(scratchBuffers, ranged)
  const nest = buildNest(kernel, ranged)
  if (!nest) return context.module.function(params, 'none')
  const tidy = tidyAxes(nest)
  return compileNestPiece(context, tidy, planLanes(tidy), scratchBuffers)
}

const pieceParams = (scratchBuffers: number, ranged: readonly number[]): 'i32'[] =>
  Array.from({ length: 1 + scratchBuffers + 2 * ranged.length }, () => 'i32')

/** The same of a nest, some axes of which are ranged. */
export function compileNestPiece(context: ModuleContext, nest: Nest, plan: Plan, scratchBuffers: number): FunctionBuilder<'none'> {
  const { ranged } = nest
  const f = context.module.function(pieceParams(scratchBuffers, ranged), 'none')
  const addresses = Array.from({ length: scratchBuffers }, (_, i) => f.param(1 + i, 'i32').get)
  const ranges = new Map(
    ranged.map((axis, i) => {
      const at = 1 + scratchBuffers + 2 * i
      return [axis, { start: null, startCode: f.param(at, 'i32').get, end: null, endCode: f.param(at + 1, 'i32').get }]
    }),
  )
  f.add(new NestCompiler({ ...context, f, root: new Scope() }, nest, plan, addresses, ranges).compile())
  return f
}

class NestCompiler {
  readonly #host: Host
  readonly #nest: Nest
  readonly #plan: Plan
  readonly #values: Values
  readonly #ranges: ReadonlyMap<number, Bounds>

  constructor(host: Host, nest: Nest, plan: Plan, scratch: readonly I32[], ranges: ReadonlyMap<number, Bounds>) {
    this.#host = host
    this.#nest = nest
    this.#plan = plan
    this.#ranges = ranges
    const { f, root } = host
    const args = f.param(0, 'i32').get
    const read = <T extends 'i32' | 'f32'>(type: T, value: Value): Value => {
      const local: Local = f.local(type)
      root.statements.push(local.set(value))
      return local.get as Value
    }
    const own = nest.buffers.length - scratch.length
    const bases = nest.buffers.map((_, i) => (i < own ? (read('i32', i32.load(args, 4 * i)) as I32) : scratch[i - own]!))
    const first = 4 * own
    const scalars = nest.scalars.map((dtype, i) =>
      dtype === 'float32' ? read('f32', f32.load(args, first + 4 * i)) : read('i32', i32.load(args, first + 4 * i)),
    )
    this.#values = new Values(host, nest, bases, scalars)
  }

  compile(): Statement {
    const { root } = this.#host
    const site: Site = {
      scopes: [root],
      depths: new Map(),
      lanes: null,
      active: 4,
      parts: null,
      registers: new Map(),
      registerDepth: 0,
      lanesOfGrid: false,
    }
    const { grid } = this.#plan
    this.#loops(site, grid, grid.order, (inside) => this.#groups(inside))
    return root.code
  }

  #loops(site: Site, plan: GroupPlan, loops: readonly Loop[], body: (site: Site) => void): void {
    const [loop, ...rest] = loops
    if (!loop) {
      body(site)
      return
    }
    const bounds = this.#ranges.get(loop.axis) ?? wholeOf(loop)
    this.#loop(site, loop, bounds, this.#variants(plan, loop, bounds), (inside) => this.#loops(inside, plan, rest, body))
  }

  /** How many points each round of a loop takes: as many as possible first, then fewer for what is left. */
  #variants({ lanes, parts }: GroupPlan, loop: Loop, { end }: Bounds): Variant[] {
    const lanesOfGrid = lanes !== null && this.#nest.grid.some((l) => l.axis === lanes)
    const variants: Variant[] = []
    if (loop.axis === lanes) {
      if (parts?.axis === lanes) variants.push({ step: 4 * parts.count, change: { lanes, parts, lanesOfGrid } })
      variants.push({ step: 4, change: { lanes, lanesOfGrid } })
      // What is left of a known extent is a vector that is not full.
      const left = end === null ? 0 : end % 4
      if (left > 0) variants.push({ step: left, change: { lanes, lanesOfGrid, active: left } })
    } else if (loop.axis === parts?.axis) variants.push({ step: parts.count, change: { parts, lanesOfGrid } })
    return [...variants, { step: 1, change: {} }]
  }

  #loop(site: Site, { axis }: Loop, bounds: Bounds, variants: readonly Variant[], body: (site: Site) => void): void {
    const { f } = this.#host
    const counter = f.local('i32')
    const parent = innermost(site)
    parent.inner.push(counter.set(bounds.startCode))
    let at = bounds.start
    for (const { step, change } of variants) {
      const rounds = at === null || bounds.end === null ? null : Math.floor((bounds.end - at) / step)
      if (rounds === 0) continue
      const loop: ActiveLoop = { axis, counter, start: at, step, entry: [], advance: [] }
      const scope = new Scope(loop)
      const depths = new Map([...site.depths, [axis, site.scopes.length]])
      body({ ...site, ...change, scopes: [...site.scopes, scope], depths })
      const next = counter.set(i32.add(counter.get, i32.const(step)))
      const limit = bounds.end === null ? i32.sub(bounds.endCode, i32.const(step - 1)) : i32.const(bounds.end - step + 1)
      const more = i32.ltS(counter.get, limit)
      const repeat = rounds === null ? loopWhile : doWhileOf
      const round = rounds === 1 ? sequence(scope.code, next) : repeat(more, sequence(scope.code, ...loop.advance, next))
      parent.inner.push(sequence(...loop.entry, round))
      if (at !== null && rounds !== null) at += rounds * step
      else at = null
    }
  }

  #groups(site: Site): void {
    const registers = new Map<number, readonly Value[]>()
    this.#nest.groups.forEach((group, i) => {
      const scope = new Scope()
      const inside: Site = { ...site, scopes: [...site.scopes, scope], registers, registerDepth: site.scopes.length }
      const plan = this.#plan.groups[i]!
      if (group.reductions.length > 0) this.#reduce(inside, group, plan, registers)
      else this.#loops(inside, plan, plan.order, (point) => this.#store(point, group))
      innermost(site).inner.push(scope.code)
    })
  }

  /** All values first: a store may change what another of the group loads. */
  #store(site: Site, { writes }: Group): void {
    const values = writes.map((w) => this.#values.get(site, w.value, widthAt(site)))
    const { memory } = this.#values
    if (writes.some((w) => w.scatter)) writes.forEach((w, i) => memory.scatter(site, w, values[i]![0]!, widthAt(site)))
    else memory.store(site, writes, values, widthAt(site))
  }

  #reduce(site: Site, group: Group, plan: GroupPlan, registers: Map<number, readonly Value[]>): void {
    const scope = innermost(site)
    // With lanes of its own a group has vectors of partial results, to be joined at the end.
    const own = plan.lanes !== null
    const count = (own ? plan : site).parts?.count ?? 1
    const accumulators = group.reductions.map((r) =>
      Array.from({ length: count }, () => {
        const accumulator = makeAccumulator((type) => this.#host.f.local(type), r, own ? 'vector' : widthAt(site))
        scope.statements.push(begin(r, accumulator))
        return accumulator
      }),
    )
    this.#loops(site, plan, plan.order, (point) => {
      this.#store(point, group)
      group.reductions.forEach((r, i) => this.#take(point, r, accumulators[i]!.slice(0, point.parts?.count ?? 1)))
    })
    const t = target(this.#host, scope)
    scope.inner.push(...accumulators.flat().map(finish))
    group.reductions.forEach((r, i) => {
      const [first] = accumulators[i]!
      if (own) {
        const result = this.#host.f.local(scalarType(r.value.dtype))
        scope.inner.push(join(t, r, accumulators[i]!), joinLanes(t, r, first!, result))
        registers.set(r.stage, [result.get])
      } else
        registers.set(
          r.stage,
          accumulators[i]!.map((a) => resultOf(r, a)),
        )
    })
  }

  #take(point: Site, r: Group['reductions'][number], accumulators: readonly Accumulator[]): void {
    const scope = innermost(point)
    const width = widthAt(point)
    const values = this.#values.get(point, r.value, width)
    const positions = isArg(r.op) ? this.#values.get(point, r.position, width) : null
    const t = target(this.#host, scope)
    const x = point.active < 4 && !point.lanesOfGrid ? values.map((v) => onlyActive(t, r, v as V128, point.active)) : values
    accumulators.forEach((accumulator, part) => scope.statements.push(take(t, r, accumulator, pick(x, part), () => pick(positions!, part))))
  }
}

interface Variant {
  readonly step: number
  readonly change: Partial<Site>
}

const doWhileOf = (more: I32, body: Statement): Statement => doWhile(body, more)
const widthAt = (site: Site): Width => (site.lanes === null ? 'scalar' : 'vector')
