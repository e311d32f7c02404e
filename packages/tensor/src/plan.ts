/** From a snapshot of the graph to a program: kernels merged and ordered, results placed, temporaries packed into one arena. */
import type { Capabilities, Kernel, LoopKernel, Program, ProgramBuffer, Repeat, Run, Step } from '@tenon/kernel'
import { distinct, dtypes, expressions, planArena, product, splitReduction } from '@tenon/kernel'
import { type Fusion, fuse } from './fuse.ts'
import type { Item } from './graph.ts'
import { type Lowered, NotMergeable } from './lower/emitter.ts'
import { lowerLaunch } from './lower/launches.ts'
import { gridKey, type Loop, loopOf, lowerLoop } from './lower/loops.ts'
import { type LoweredScan, lowerScan } from './lower/scans.ts'
import { regionsOf, type ScanAttrs } from './primitives.ts'

/** A value that must outlive the run. */
export interface Request {
  readonly position: number
  /** The leaf (a variable's old value) whose memory it may take over, where every read of that comes earlier. */
  readonly over: number | null
}

/** What an external buffer of the program is: a leaf's memory, or that of a result, by its place among the requests and then the passing values. */
export type Binding = { readonly leaf: number } | { readonly result: number }

export interface Plan {
  readonly program: Program
  readonly bindings: readonly Binding[]
  /** Positions of the number literals that are the program's scalars. */
  readonly scalars: readonly number[]
  /** Of each request: whether it was written over its leaf. */
  readonly inPlace: readonly boolean[]
  /** Positions of forward values that are kept until the next step; their results follow those of the requests. */
  readonly passing: readonly number[]
  /** The most bytes of temporaries that are needed at one time: the arena can be no smaller. */
  readonly arenaBound: number
}

/** Most bytes of forward values that a step leaves behind. */
const passingBytes = 16 * 2 ** 20
/** Most stores of one merged kernel, and most buffers that it touches beside those which are its own alone. */
const storeLimit = 8
const bufferLimit = 32

export function plan(
  items: readonly Item[],
  requests: readonly Request[],
  capabilities: Capabilities,
  mayPass: (position: number) => boolean,
): Plan {
  const roots = requests.map(({ position }) => position)
  const fusion = fuse(items, roots)
  const kernels = draftsOf(fusion, capabilities)
  const requested = new Map(requests.map((request, i) => [request.position, i]))
  const passing = choosePassing(fusion, (i) => !requested.has(i) && mayPass(i))
  const inPlace = requests.map((request) => canTakeOver(kernels, request))
  return { ...assemble(items, kernels, requests, inPlace, passing, capabilities), inPlace, passing }
}

// ── kernels ──

/** A kernel in the making: a loop that may still be merged, or one with a form of its own. */
interface KernelDraft extends Lowered {
  readonly loop: Loop | null
  /** Of a loop: equal for equal grids. */
  readonly grid: string | null
}

/** A scan in the making: the kernels of its first carries, and of its body. */
interface ScanDraft extends LoweredScan {
  readonly loop: null
  readonly grid: null
  readonly item: Item
  readonly body: readonly Draft[]
  readonly buffers: readonly number[]
  readonly writes: readonly [position: number]
}

type Draft = KernelDraft | ScanDraft

function draftsOf(fusion: Fusion, capabilities: Capabilities): Draft[] {
  const drafts = lowerAll(fusion, capabilities)
  const early = earlyOf(drafts)
  merge(fusion, drafts, early, capabilities)
  return inOrder(drafts, early)
}

/** Consumers first, because lowering one may find that a reduction below must be written. */
function lowerAll(fusion: Fusion, capabilities: Capabilities): Draft[] {
  const drafts: Draft[] = []
  for (let i = fusion.items.length - 1; i >= 0; i--) {
    if (!fusion.written[i] || fusion.items[i]!.leaf) continue
    if (fusion.items[i]!.op === 'scan') {
      drafts.push(draftScan(fusion, i, capabilities))
      continue
    }
    const launch = fusion.launches.has(i) ? lowerLaunch(fusion, i) : null
    if (launch) {
      drafts.push({ ...launch, loop: null, grid: null })
    } else {
      drafts.push(draftLoop(fusion, loopOf(fusion, i, Math.min(storeLimit, capabilities.maxStores))))
    }
  }
  return drafts.reverse()
}

const draftLoop = (fusion: Fusion, loop: Loop): KernelDraft => ({ ...lowerLoop(fusion, loop), loop, grid: gridKey(loop) })

function draftScan(fusion: Fusion, position: number, capabilities: Capabilities): ScanDraft {
  const item = fusion.items[position]!
  const { body } = item.attrs as ScanAttrs
  const { starts, views } = lowerScan(fusion, position)
  const buffers = new Set([
    position,
    ...starts.flatMap((s) => s.buffers),
    ...views.filter(({ base }) => fusion.items[base]!.op !== 'const').map(({ base }) => base),
  ])
  return {
    loop: null,
    grid: null,
    item,
    starts,
    views,
    body: draftsOf(fuse(body.items, body.roots), capabilities),
    buffers: [...buffers],
    writes: [position],
  }
}

const reads = (draft: Pick<Draft, 'buffers' | 'writes'>): readonly number[] => draft.buffers.filter((b) => !draft.writes.includes(b))

const writersOf = (drafts: readonly Draft[]): Map<number, Draft> =>
  new Map(drafts.flatMap((draft) => draft.writes.map((w) => [w, draft] as const)))

/** The drafts of single numbers that are computed from what is there before the program, or from one another. Writers come before readers. */
function earlyOf(drafts: readonly Draft[]): Set<Draft> {
  const writer = writersOf(drafts)
  const early = new Set<Draft>()
  for (const draft of drafts) {
    const isSingle = draft.loop !== null && draft.kernel.kind === 'loop' && product(draft.kernel.grid) === 1
    if (isSingle && reads(draft).every((r) => !writer.has(r) || early.has(writer.get(r)!))) early.add(draft)
  }
  return early
}

/** Which drafts read or write each value. */
class Users {
  readonly #of = new Map<number, Set<Draft>>()

  constructor(drafts: readonly Draft[]) {
    for (const draft of drafts) this.add(draft)
  }

  add(draft: Draft): void {
    for (const b of draft.buffers) this.#of.set(b, (this.#of.get(b) ?? new Set()).add(draft))
  }

  delete(draft: Draft): void {
    for (const b of draft.buffers) this.#of.get(b)!.delete(draft)
  }

  /** What these two write and nobody else reads. */
  between(a: Draft, b: Draft): number[] {
    return [...a.writes, ...b.writes].filter((w) => [...this.#of.get(w)!].every((d) => d === a || d === b))
  }

  /** The drafts that read what this one writes. */
  readers(draft: Draft): Draft[] {
    return draft.writes.flatMap((w) => [...this.#of.get(w)!].filter((d) => d !== draft))
  }
}

/** Whether work that depends on `from` leads to `to`, other than directly. */
function leadsAround(users: Users, from: Draft, to: Draft): boolean {
  const stack = users.readers(from).filter((d) => d !== to)
  const seen = new Set(stack)
  for (let d = stack.pop(); d; d = stack.pop()) {
    for (const next of users.readers(d)) {
      if (next === to) return true
      if (!seen.has(next)) {
        seen.add(next)
        stack.push(next)
      }
    }
  }
  return false
}

const segmentOf = (item: Item): symbol | undefined => (item.attrs as { recomputed?: symbol }).recomputed

/** Whether merging with `first` would run early what `checkpoint` computes again late, so that its values lie there meanwhile. */
const hurries = ({ items }: Fusion, first: Loop, second: Loop): boolean =>
  second.members.some(({ root }) => {
    const segment = segmentOf(items[root]!)
    return segment !== undefined && items.findIndex((item) => segmentOf(item) === segment) > first.members[0]!.root
  })

/**
 * Loops over the same grid that read the same values, or one what the other writes, become one: an Adam step, a row's maximum and sum. So do
 * early numbers, whatever they read: what Adam needs to know of each parameter's age.
 */
function merge(fusion: Fusion, drafts: Draft[], early: Set<Draft>, capabilities: Capabilities): void {
  const users = new Users(drafts)
  const large = (position: number): boolean => fusion.items[position]!.size > 1
  for (let b = 1; b < drafts.length; b++) {
    for (let a = b - 1; a >= 0; a--) {
      const [first, second] = [drafts[a]!, drafts[b]!]
      if (!first.loop || !second.loop || first.grid !== second.grid) continue
      const areEarly = early.has(first)
      if (areEarly !== early.has(second)) continue
      const between = users.between(first, second)
      if (new Set([...first.buffers, ...second.buffers]).size - between.length > bufferLimit) continue
      if (!areEarly && !second.buffers.some((x) => large(x) && first.buffers.includes(x))) continue
      if (hurries(fusion, first.loop, second.loop)) continue
      if (leadsAround(users, first, second) || leadsAround(users, second, first)) continue
      const maxStores = Math.min(areEarly ? Infinity : storeLimit, capabilities.maxStores)
      const members = [...first.loop.members, ...second.loop.members].sort((x, y) => x.root - y.root)
      const merged = mergeTwo(fusion, members, between, maxStores, capabilities.maxInputs)
      if (!merged) continue
      drafts.splice(b, 1)
      drafts[a] = merged
      for (const draft of [first, second]) users.delete(draft)
      users.add(merged)
      if (areEarly) early.add(merged)
      b = a - 1 // the merged kernel may now fit others
      break
    }
  }
}

/**
 * One loop for all of these, or null where there is none within the limits. What only they need is not stored, but where there are loops inside
 * the grid, which would compute it anew at each turn.
 */
function mergeTwo(fusion: Fusion, all: Loop['members'], between: number[], maxStores: number, maxInputs: number): KernelDraft | null {
  const isFlat = all.every(({ inGrid }) => inGrid.every(Boolean))
  const theirs = isFlat ? between.filter((position) => !fusion.kept.has(position)) : []
  const members = all.filter(({ root }) => !theirs.includes(root))
  if (members.reduce((n, { parts }) => n + parts.length, 0) > maxStores) return null
  for (const position of theirs) fusion.written[position] = false
  try {
    const merged = draftLoop(fusion, { members })
    if (reads(merged).length <= maxInputs) return merged
  } catch (reason) {
    if (!(reason instanceof NotMergeable)) throw reason
  }
  for (const position of theirs) fusion.written[position] = true
  return null
}

/**
 * Writers before readers; otherwise in the order of the graph. But numbers that others wait for come first, all together: the update of one
 * parameter then waits for no other's.
 */
function inOrder(drafts: readonly Draft[], early: ReadonlySet<Draft>): Draft[] {
  const writer = writersOf(drafts)
  const done = new Set<Draft>()
  const order: Draft[] = []
  const visit = (root: Draft): void => {
    const stack = [root]
    while (stack.length > 0) {
      const draft = stack.at(-1)!
      const missing = done.has(draft)
        ? []
        : reads(draft)
            .map((r) => writer.get(r))
            .filter((d): d is Draft => d !== undefined && !done.has(d))
      if (missing.length > 0) stack.push(...missing)
      else {
        stack.pop()
        if (!done.has(draft)) order.push(draft)
        done.add(draft)
      }
    }
  }
  const read = new Set(drafts.flatMap(reads))
  drafts.filter((draft) => early.has(draft) && draft.writes.some((w) => read.has(w))).forEach(visit)
  drafts.forEach(visit)
  return order
}

// ── results ──

/** Forward values that are in memory anyway, smallest first, up to the budget. */
function choosePassing({ items, written }: Fusion, mayPass: (position: number) => boolean): number[] {
  let bytes = 0
  return items
    .map((_, i) => i)
    .filter((i) => written[i] && !items[i]!.leaf && items[i]!.size > 0 && mayPass(i))
    .sort((a, b) => items[a]!.size - items[b]!.size)
    .filter((i) => (bytes += items[i]!.size * dtypes[items[i]!.dtype].bytes) <= passingBytes)
}

/** Whether a value may be written over a leaf: nobody reads the leaf later, and its own kernel only where it writes. */
function canTakeOver(kernels: readonly Draft[], { position, over }: Request): boolean {
  if (over === null) return false
  const at = kernels.findIndex((k) => k.writes.includes(position))
  const users = kernels.flatMap((k, i) => (k.buffers.includes(over) ? [i] : []))
  const draft = kernels[at]!
  if (users.some((i) => i > at) || 'body' in draft) return false
  return !users.includes(at) || ownElementsOnly(draft.kernel, draft.buffers.indexOf(over), draft.buffers.indexOf(position))
}

function ownElementsOnly(kernel: Kernel, input: number, output: number): boolean {
  if ('out' in kernel) return false
  if (kernel.kind === 'contraction' && (kernel.a.buffer === input || kernel.b.buffer === input)) return false
  if (kernel.kind === 'convolution' && (kernel.x.buffer === input || kernel.w.buffer === input)) return false
  const stages = kernel.kind === 'loop' ? kernel.stages : kernel.stores
  const store = stages.findIndex((s) => s.kind === 'store' && s.buffer === output)
  const { index } = stages[store] as LoopKernel['stages'][number] & { kind: 'store' }
  const loads = (from: number, to: number): boolean => {
    const roots = stages.slice(from, to).map((s) => s.value)
    return [...distinct(roots)].some((e) => e.op === 'load' && e.buffer === input)
  }
  const foreign = [...distinct(expressions(kernel))].some((e) => e.op === 'load' && e.buffer === input && e.index !== index)
  // A store is finished before the next stage begins, so only the storing stage itself may read what it overwrites, or earlier ones over the same points
  const single = stages[store]!.kind === 'store' && stages[store]!.extents.length === 0
  return !foreign && !loads(store + 1, stages.length) && (single || !loads(0, store))
}

// ── program ──

function assemble(
  items: readonly Item[],
  kernels: readonly Draft[],
  requests: readonly Request[],
  inPlace: readonly boolean[],
  passing: readonly number[],
  capabilities: Capabilities,
): Pick<Plan, 'program' | 'bindings' | 'scalars' | 'arenaBound'> {
  const bindings: Binding[] = []
  const scalars: number[] = []
  const assembly = new Assembly(capabilities)
  const external = (position: number, binding: Binding): number => {
    bindings.push(binding)
    return assembly.add({ role: 'external', dtype: items[position]!.dtype, length: items[position]!.size })
  }
  const bufferOf = remembered((position): number => {
    if (items[position]!.leaf) return external(position, { leaf: position })
    const request = requests.findIndex((r) => r.position === position)
    if (request >= 0) return inPlace[request] ? bufferOf(requests[request]!.over!) : external(position, { result: request })
    const kept = passing.indexOf(position)
    if (kept >= 0) return external(position, { result: requests.length + kept })
    return assembly.temporary(items[position]!)
  })
  const scalarOf = (position: number): number => {
    const found = scalars.indexOf(position)
    return found >= 0 ? found : scalars.push(position) - 1
  }
  const steps = assembly.steps(kernels, { items, bufferOf, scalarOf })
  return {
    ...assembly.program(
      steps,
      scalars.map((position) => items[position]!.dtype),
    ),
    bindings,
    scalars,
  }
}

const remembered = (make: (position: number) => number): ((position: number) => number) => {
  const known = new Map<number, number>()
  return (position) => {
    let value = known.get(position)
    if (value === undefined) known.set(position, (value = make(position)))
    return value
  }
}

/** What the positions of a graph, or of the body of a scan in it, are in the program. */
interface Names {
  readonly items: readonly Item[]
  bufferOf(position: number): number
  scalarOf(position: number): number
}

/** Steps and buffers of a program in the making. */
class Assembly {
  readonly #capabilities: Capabilities
  readonly #buffers: ProgramBuffer[] = []
  readonly #lifetimes = new Map<number, { first: number; last: number }>()
  #clock = 0

  constructor(capabilities: Capabilities) {
    this.#capabilities = capabilities
  }

  add(buffer: ProgramBuffer): number {
    return this.#buffers.push(buffer) - 1
  }

  temporary({ dtype, size }: Pick<Item, 'dtype' | 'size'>): number {
    return this.add({ role: 'temporary', dtype, length: size, offset: 0 })
  }

  steps(drafts: readonly Draft[], names: Names): Step[] {
    return drafts.flatMap((draft) => ('body' in draft ? this.#scan(draft, names) : this.#runs(draft, names)))
  }

  program(steps: readonly Step[], scalars: Program['scalars']): Pick<Plan, 'program' | 'arenaBound'> {
    const temporaries = [...this.#lifetimes.keys()].filter((i) => this.#buffers[i]!.role === 'temporary')
    const arena = planArena(
      temporaries.map((i) => ({ bytes: this.#buffers[i]!.length * dtypes[this.#buffers[i]!.dtype].bytes, ...this.#lifetimes.get(i)! })),
    )
    const offsets = new Map(temporaries.map((i, k) => [i, arena.offsets[k]!]))
    const buffers = this.#buffers.map((b, i) => (b.role === 'temporary' ? { ...b, offset: offsets.get(i)! } : b))
    return { program: { buffers, scalars, steps, arenaBytes: arena.arenaBytes }, arenaBound: arena.lowerBound }
  }

  #runs({ kernel, buffers, scalars }: Lowered, names: Names): Run[] {
    const bound = buffers.map(names.bufferOf)
    const numbers = scalars.map(names.scalarOf)
    const parts = kernel.kind === 'loop' ? splitReduction(kernel, this.#capabilities) : null
    if (!parts) return [this.#run({ kind: 'run', kernel, buffers: bound, scalars: numbers })]
    const all = [...bound, ...parts.temporaries.map(({ dtype, length }) => this.temporary({ dtype, size: length }))]
    return parts.kernels.map((part) =>
      this.#run({ kind: 'run', kernel: part.kernel, buffers: part.buffers.map((b) => all[b]!), scalars: numbers }),
    )
  }

  #run(run: Run): Run {
    for (const b of run.buffers) this.#use(b, this.#clock, this.#clock)
    this.#clock += 1
    return run
  }

  #use(buffer: number, first: number, last: number): void {
    const life = this.#lifetimes.get(buffer)
    if (!life) this.#lifetimes.set(buffer, { first, last })
    else Object.assign(life, { first: Math.min(life.first, first), last: Math.max(life.last, last) })
  }

  /** Each step of the loop reads its carries from their region of the scan's value, and writes the next ones there, one entry on. */
  #scan({ item, starts, views, body, writes: [position] }: ScanDraft, names: Names): Step[] {
    const { length, reverse, carries, body: graph } = item.attrs as ScanAttrs
    const regions = regionsOf(item.attrs as ScanAttrs)
    const before = starts.flatMap((start) => this.#runs(start, names))
    const slices: Repeat['slices'][number][] = []
    const outer = new Set<number>()
    const outside = (at: number): number => {
      const buffer = names.bufferOf(at)
      outer.add(buffer)
      return buffer
    }
    /** For step s the part that begins at start + s · stride. */
    const slice = ({ dtype, size }: Item, of: number, start: number, stride: number): number => {
      const buffer = this.add({ role: 'slice', dtype, length: size })
      slices.push({ buffer, of, ...(reverse ? { start: start + (length - 1) * stride, stride: -stride } : { start, stride }) })
      return buffer
    }
    const bufferOf = remembered((at): number => {
      const own = graph.items[at]!
      const [input, root] = [graph.inputOf[at]!, graph.roots.indexOf(at)]
      const isCarry = own.leaf ? input < carries : root >= 0 && root < carries
      if (isCarry) {
        const after = own.leaf === reverse ? own.size : 0
        return slice(own, outside(position), regions[own.leaf ? input : root]!.start + after, own.size)
      }
      if (!own.leaf) return root >= 0 ? slice(own, outside(position), regions[root]!.start, own.size) : this.temporary(own)
      const { base, offset, stride } = views[input - carries]!
      const whole = stride === 0 && offset === 0 && names.items[base]!.size === own.size
      return whole ? outside(base) : slice(own, outside(base), offset, stride)
    })
    const scalarOf = (at: number): number => names.scalarOf(item.inputs[graph.inputOf[at]!]!)
    const begin = this.#clock
    const steps = this.steps(body, { items: graph.items, bufferOf, scalarOf })
    for (const buffer of outer) this.#use(buffer, begin, this.#clock)
    this.#clock += 1
    return [...before, { kind: 'repeat', count: length, body: steps, slices, carries: [] }]
  }
}
