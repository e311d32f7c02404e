/**
 * The body of a `scan`: a graph by position, traced once. Its leaves are inputs of the scan: the carries and slices of one step, and what the
 * body closes over. Movement of what it closes over stays inside, so that a matmul reads a weight where it lies.
 */
import { type Item, isLeaf, itemKey, toItem } from './graph.ts'
import type { Node } from './node.ts'
import { primitives } from './primitives.ts'

export class Body {
  readonly items: readonly Item[]
  /** For each leaf the scan's input that it stands for; −1 elsewhere. */
  readonly inputOf: readonly number[]
  /** Positions of the next carries, then of what each step gives. */
  readonly roots: readonly number[]
  /** Whether a gradient flows through each. */
  readonly tracked: readonly boolean[]
  readonly #key: string

  constructor(items: readonly Item[], inputOf: readonly number[], roots: readonly number[], tracked: readonly boolean[]) {
    this.items = items
    this.inputOf = inputOf
    this.roots = roots
    this.tracked = tracked
    this.#key = `${items.map((item, i) => (item.leaf ? `${inputOf[i]}:` : '') + itemKey(item)).join(';')}|${roots.join()}`
  }

  /** What it is in the key of a graph. */
  toJSON(): string {
    return this.#key
  }
}

const isMovement = ({ op }: Node): boolean => op in primitives && primitives[op as keyof typeof primitives].lowering.kind === 'movement'

/** All that depends on the step, below these roots. */
export function dependents(placeholders: readonly Node[], roots: readonly Node[]): ReadonlySet<Node> {
  const dependent = new Set(placeholders)
  const found = new Set(roots)
  for (const node of found) if (!isLeaf(node)) for (const input of node.inputs) found.add(input)
  for (const node of [...found].sort((a, b) => a.id - b.id)) if (node.inputs.some((input) => dependent.has(input))) dependent.add(node)
  return dependent
}

/**
 * The graph from `placeholders` to `roots`, and the nodes beside them that it needs. With `saving` each matmul and convolution that depends on the
 * step becomes a root too, so that a gradient need not compute it again.
 */
export function traceBody(placeholders: readonly Node[], roots: readonly Node[], saving: boolean): { body: Body; closure: Node[] } {
  const dependent = dependents(placeholders, roots)
  const positions = new Map<Node, number>()
  const [items, inputOf, tracked, closure]: [Item[], number[], boolean[], Node[]] = [[], [], [], []]
  const add = (node: Node, input: number): number => {
    positions.set(node, items.length)
    inputOf.push(input)
    tracked.push(node.tracked)
    return items.push(toItem(node, input >= 0, (x) => positions.get(x)!)) - 1
  }
  const visit = (root: Node): void => {
    const pending = [root]
    while (pending.length > 0) {
      const node = pending.at(-1)!
      const own = !isLeaf(node) && (dependent.has(node) || isMovement(node))
      const missing = own ? node.inputs.filter((x) => !positions.has(x)) : []
      if (missing.length > 0) {
        pending.push(...missing.reverse())
        continue
      }
      pending.pop()
      if (positions.has(node)) continue
      const placeholder = placeholders.indexOf(node)
      add(node, own ? -1 : placeholder >= 0 ? placeholder : placeholders.length + closure.push(node) - 1)
    }
  }
  placeholders.forEach(visit)
  roots.forEach(visit)
  const saved = items.flatMap(({ op, leaf }, i) => (saving && !leaf && (op === 'dot' || op === 'conv') ? [i] : []))
  const all = new Set([...roots.map((root) => positions.get(root)!), ...saved])
  return { body: new Body(items, inputOf, [...all], tracked), closure }
}
