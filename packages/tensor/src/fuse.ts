/**
 * Fusion, first half: which values are written to memory. Everything else is computed inside the kernels that use it.
 *
 * Written are the roots; the ends of matmuls and convolutions with their epilogue; what these read; reductions that several kernels
 * need; and elementwise work that several kernels would repeat at a cost. Whether a reduction can stay inside its consumer
 * shows when that kernel is lowered (lower/emitter.ts).
 */
import type { Item } from './graph.ts'
import { type Lowering, type PrimitiveName, primitives, type ScanAttrs } from './primitives.ts'

export type AnyLowering = Exclude<Lowering<PrimitiveName>, never>
export const loweringOf = (item: Item): AnyLowering => primitives[item.op as PrimitiveName].lowering as AnyLowering

/** More elementwise work than this is stored rather than repeated. */
const repeatLimit = 8
/** A longer chain of inlined work is cut, so that no kernel grows without bound. */
const chainLimit = 256
/** And an epilogue ends here, which is not cut once it is chosen. */
const epilogueLimit = 32

export interface Fusion {
  readonly items: readonly Item[]
  /** Values that get a buffer; lowering may add reductions, and merging takes away what one kernel alone needs. */
  readonly written: boolean[]
  /** Those that stay written: what the graph is for, and where chains are cut. */
  readonly kept: ReadonlySet<number>
  /** Kernels of another kind than loops: the last value of the kernel → the values from the launch to it, the epilogue's included. */
  readonly launches: Map<number, readonly number[]>
}

export function fuse(items: readonly Item[], roots: readonly number[]): Fusion {
  const written = items.map(() => false)
  const kept = new Set(roots)
  for (const root of roots) if (!items[root]!.leaf) written[root] = true
  const consumers = consumersOf(items)
  const launches = new Map<number, readonly number[]>()
  const taken = new Set<number>()
  items.forEach((item, i) => {
    const lowering = item.leaf ? null : loweringOf(item)
    if (lowering?.kind === 'scan') {
      written[i] = true
      const { carries } = item.attrs as ScanAttrs
      for (const operand of item.inputs.slice(carries)) writeBase(items, written, operand)
    }
    if (lowering?.kind !== 'launch') return
    const path = lowering.epilogue ? epilogue(items, consumers, written, taken, i) : [i]
    written[path.at(-1)!] = true
    launches.set(path.at(-1)!, path)
    if (lowering.reads === 'memory') for (const operand of item.inputs) writeBase(items, written, operand)
  })
  // What is inside an epilogue is computed there and nowhere else.
  chooseRepeated(items, consumers, written, taken, costs(items, written, kept, taken))
  return { items, written, kept, launches }
}

function consumersOf(items: readonly Item[]): number[][] {
  const consumers: number[][] = items.map(() => [])
  items.forEach((item, i) => {
    for (const input of new Set(item.inputs)) consumers[input]!.push(i)
  })
  return consumers
}

/**
 * Values from a launch to the end of its kernel: elementwise work, and reorderings of the same elements, that nobody else looks
 * into. `taken` is what epilogues hold already.
 */
function epilogue(
  items: readonly Item[],
  consumers: readonly number[][],
  written: readonly boolean[],
  taken: Set<number>,
  launch: number,
): number[] {
  const fits = (i: number): boolean => items[i]!.size === items[launch]!.size && !taken.has(i)
  const path = [launch]
  let length = 1
  for (let at = launch; !written[at] && path.length < epilogueLimit; ) {
    const [next] = consumers[at]! as [number?]
    const moved =
      next !== undefined && consumers[at]!.length === 1 && fits(next) && (items[next]!.op === 'reshape' || items[next]!.op === 'permute')
    const region = moved ? [next] : branchesAfter(items, consumers, written, at, fits)
    if (!region) break
    at = region.at(-1)!
    path.push(at)
    if (moved && !written[at]) continue
    length = path.length
    for (const i of region) taken.add(i)
  }
  for (const i of path.slice(0, length)) taken.add(i)
  return path.slice(0, length)
}

/** Elementwise work through which alone `start` is used, up to the value where its branches meet, which comes last. */
function branchesAfter(
  items: readonly Item[],
  consumers: readonly number[][],
  written: readonly boolean[],
  start: number,
  fits: (i: number) => boolean,
): number[] | null {
  const region = new Set([start])
  while (region.size < 16) {
    const next = Math.min(...[...region].flatMap((i) => consumers[i]!.filter((c) => !region.has(c))))
    if (next === Infinity || !fits(next) || loweringOf(items[next]!).kind !== 'pointwise') return null
    region.add(next)
    const closed = [...region].every((i) => i === next || ((i === start || !written[i]) && consumers[i]!.every((c) => region.has(c))))
    if (closed) return [...region].slice(1)
  }
  return null
}

/** What is read through a view must lie in memory. */
function writeBase(items: readonly Item[], written: boolean[], operand: number): void {
  let at = operand
  while (!items[at]!.leaf && !written[at] && loweringOf(items[at]!).kind === 'movement') at = items[at]!.inputs[0]!
  if (!items[at]!.leaf) written[at] = true
}

interface Costs {
  /** Work to compute one element of each value from what is in memory. */
  readonly cost: readonly number[]
  /** Whether a reduction is part of that. */
  readonly reduces: readonly boolean[]
}

function costs(items: readonly Item[], written: boolean[], kept: Set<number>, taken: ReadonlySet<number>): Costs {
  const cost: number[] = []
  const reduces: boolean[] = []
  items.forEach((item, i) => {
    if (item.leaf) {
      cost.push(item.op === 'const' ? 0 : 1)
      reduces.push(false)
      return
    }
    const lowering = loweringOf(item)
    const own = lowering.kind === 'pointwise' ? lowering.cost : lowering.kind === 'gather' ? 1 : 0.25
    const total = item.inputs.reduce((sum, input) => sum + (written[input] ? 1 : cost[input]!), own)
    const stored = written[i] || lowering.kind === 'reduce' || lowering.kind === 'launch' || lowering.kind === 'scan'
    if (!stored && total > chainLimit && !taken.has(i)) kept.add(i)
    written[i] ||= kept.has(i)
    cost.push(stored || written[i] ? 1 : total)
    reduces.push(lowering.kind === 'reduce' || item.inputs.some((input) => !written[input] && reduces[input]!))
  })
  return { cost, reduces }
}

/** Consumers first: finds for each value the kernels that would compute it, and writes it where repeating costs more. */
function chooseRepeated(
  items: readonly Item[],
  consumers: readonly number[][],
  written: boolean[],
  taken: ReadonlySet<number>,
  { cost, reduces }: Costs,
): void {
  const users: ReadonlySet<number>[] = []
  /** Whether some consumer reads elements of this value more than once within its kernel. */
  const reread: boolean[] = []
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i]!
    const all = new Set<number>()
    let again = false
    for (const c of consumers[i]!) {
      if (written[c]) all.add(c)
      else for (const user of users[c]!) all.add(user)
      const stretched = items[c]!.op === 'expand' || items[c]!.op === 'unfold' || items[c]!.op === 'gather'
      if (stretched && items[c]!.size > item.size) again = true
      if (!written[c] && reread[c] && loweringOf(items[c]!).kind !== 'reduce') again = true
    }
    users[i] = all
    reread[i] = again
    if (item.leaf || written[i] || taken.has(i)) continue
    const lowering = loweringOf(item)
    const repeated = all.size > 1
    if (lowering.kind === 'reduce') written[i] = repeated || long(items, i, all)
    else if (lowering.kind === 'pointwise' && cost[i]! > repeatLimit) written[i] = repeated || (again && !reduces[i]!)
    else if (lowering.kind !== 'launch' && lowering.kind !== 'pointwise' && cost[i]! > repeatLimit && repeated) written[i] = true
  }
}

/** A long reduction to a few values is a kernel of its own: inside a larger one it would run on few points, one after the other. */
function long(items: readonly Item[], i: number, users: ReadonlySet<number>): boolean {
  const item = items[i]!
  const length = items[item.inputs[0]!]!.size / Math.max(1, item.size)
  return item.size < 16 && length > 1024 && [...users].some((u) => items[u]!.size > item.size)
}
