/**
 * The gradient of a scan is a scan in the other direction: over the saved carries, with the gradient by the carry as its own carry.
 *
 *     (cₜ₊₁, yₜ) = f(cₜ, xₜ, w)      forward
 *     (ċₜ, ẋₜ, ẇₜ) = the gradients of f at (cₜ, xₜ, w), given those by cₜ₊₁ and yₜ;   ẇ = Σₜ ẇₜ
 *
 * f is built again inside the loop, but what a matmul or convolution in it gave was saved. Where ẇₜ is itself a matmul, what it multiplies
 * is stacked over the steps instead, and one large matmul after the loop does the work of all the small ones.
 */
import {
  type AttrsOf,
  after,
  before,
  context,
  entriesOf,
  isFloat,
  type Node,
  type PrimitiveName,
  primitive,
  regionsOf,
  type ScanAttrs,
  scan,
  sizeOf,
  Tensor,
  withContext,
  zeros,
} from '@tenon/tensor'
import { pullback } from './pullback.ts'
import { type Gradients, type RuleArgs, rules } from './rules.ts'

export function scanGradients({ dy, y, inputs, attrs }: RuleArgs<'scan'>): Gradients {
  let all: readonly (Tensor | null)[] | null = null
  const gradients = (): readonly (Tensor | null)[] => (all ??= pullBack(dy, y, inputs, attrs))
  return inputs.map((x, i) => {
    if (!isFloat(x.dtype) || x.node.op === 'const') return null
    return () => gradients()[i] ?? zeros(x.shape, { dtype: x.dtype })
  })
}

/** The gradient by each input, or null where it is zero. */
function pullBack(dy: Tensor, y: Tensor, inputs: readonly Tensor[], attrs: ScanAttrs): (Tensor | null)[] {
  const { body, carries, xs, reverse, length } = attrs
  const regions = regionsOf(attrs)
  const incoming = regions.map(
    ({ start, entries, shape }) => part(dy, start, start + entries * sizeOf(shape))?.reshape([entries, ...shape]) ?? null,
  )
  if (incoming.every((d) => d === null)) return inputs.map(() => null)
  const last = reverse ? 0 : length
  const stacks: Stacks = {
    carry: inputs.slice(0, carries).map((_, i) => before(y, attrs, i)),
    x: inputs.slice(carries, carries + xs),
    byBefore: incoming.slice(0, carries).map((d) => d && (reverse ? d.slice(0, 1) : d.slice(0, 0, length))),
    byRoot: incoming.slice(carries),
    saved: savedProducts(y, attrs),
  }
  const init = inputs.slice(0, carries).map((c, i) => incoming[i]?.select(0, last) ?? zeros(c.shape, { dtype: c.dtype }))

  let totals: (() => Tensor | null)[] = []
  const steps = new StackedSteps(length)
  const { carry, ys } = scan(
    (byAfter: readonly Tensor[], step: Stacks) => {
      steps.know(step, stacks)
      // Each has a node of its own, at which the walk back stops.
      const closure = inputs.slice(carries + xs).map((w) => (w.node.op === 'const' ? w : primitive('reshape', [w], { shape: w.shape })))
      const given = [...step.carry, ...step.x, ...closure]
      const made = replay(body, given, step.saved)
      const outputs = body.roots
        .map((root, r) => [made[root]!, r < carries ? byAfter[r]! : step.byRoot[r - carries]!] as const)
        .filter(([, d]) => d !== null)
      const own = new Set(given.map((t) => t.node))
      const isOwn = (node: Node): boolean => own.has(node)
      const { gradients } = pullback(
        outputs.map(([t]) => t),
        outputs.map(([, d]) => d),
        isOwn,
        isOwn,
      )
      const by = (t: Tensor): Tensor | null => gradients.get(t.node) ?? null
      const next = step.carry.map((c, i) => plus(by(c), step.byBefore[i]!) ?? zeros(c.shape, { dtype: c.dtype }))
      totals = closure.map((w) => {
        const gradient = by(w)
        return gradient ? steps.total(gradient) : () => null
      })
      return { carry: next, y: { x: step.x.map(by), stacked: steps.wanted } }
    },
    init,
    stacks,
    { reverse: !reverse, recompute: true },
  )
  steps.given = ys.stacked
  return [...carry, ...ys.x, ...totals.map((total) => total())]
}

interface Stacks {
  readonly carry: readonly Tensor[]
  readonly x: readonly Tensor[]
  /** The gradient by each carry as a step found it, and by what else a step gives; null where there is none. */
  readonly byBefore: readonly (Tensor | null)[]
  readonly byRoot: readonly (Tensor | null)[]
  readonly saved: Saved
}

const plus = (a: Tensor | null, b: Tensor | null): Tensor | null => (a && b ? a.add(b) : (a ?? b))

/** Elements start … end − 1 of a gradient: of a sum of disjoint pads only what lies there; null where that is nothing. */
function part(dy: Tensor, start: number, end: number): Tensor | null {
  const { op, inputs, attrs, storage } = dy.node
  const [a, b] = inputs.map((node) => new Tensor(node)) as [Tensor, Tensor]
  if (storage) return dy.slice(0, start, end)
  if (op === 'add') return plus(part(a, start, end), part(b, start, end))
  if (op === 'expand' && a.node.op === 'reshape' && a.node.inputs[0]!.op === 'const')
    return isZero(a.node.inputs[0]!) ? null : dy.slice(0, start, end)
  if (op !== 'pad') return dy.slice(0, start, end)
  const [low, high] = (attrs as AttrsOf['pad']).padding[0]!
  if (low < 0 || high < 0) return dy.slice(0, start, end)
  const [from, to] = [Math.max(start, low), Math.min(end, low + a.size)]
  if (from >= to) return null
  const inside = a.slice(0, from - low, to - low)
  return from === start && to === end ? inside : primitive('pad', [inside], { padding: [[from - start, end - to]] })
}

const isZero = (node: Node): boolean => (node.attrs as { value: number }).value === 0

type Saved = readonly (readonly [position: number, value: Tensor])[]

/** What the matmuls and convolutions of the body gave, stacked over the steps. */
const savedProducts = (y: Tensor, attrs: ScanAttrs): Saved =>
  attrs.body.roots.flatMap((root, r) => {
    const { op } = attrs.body.items[root]!
    return op === 'dot' || op === 'conv' ? [[root, r < attrs.carries ? after(y, attrs, r) : entriesOf(y, attrs, r)] as const] : []
  })

/** The values of the body at these inputs. What was saved keeps its gradient. */
function replay(body: ScanAttrs['body'], given: readonly Tensor[], saved: Saved): Tensor[] {
  const known = new Map(saved)
  const made: Tensor[] = []
  body.items.forEach(({ op, attrs, inputs, leaf }, i) => {
    const make = (): Tensor => {
      const operands = inputs.map((input) => made[input]!)
      const value = known.get(i)
      if (!value) return primitive(op as 'neg', operands, attrs as never)
      const rule = rules[op as PrimitiveName] as unknown as (args: object) => Gradients
      return primitive('custom', [value, ...operands], { rule: (args) => rule({ ...args, attrs }) })
    }
    made.push(leaf ? given[body.inputOf[i]!]! : withContext('tracking', context.tracking && body.tracked[i]!, make))
  })
  return made
}

/** Values of one step, and what they are over all steps once the loop has run. */
class StackedSteps {
  readonly #length: number
  readonly #stacks = new Map<Node, Tensor>()
  readonly #places = new Map<Node, number>()
  /** What the loop must give, of each step. */
  readonly wanted: Tensor[] = []
  /** What it gave. */
  given: readonly Tensor[] = []

  constructor(length: number) {
    this.#length = length
  }

  /** Inputs of the loop, which need not be given by it. */
  know(step: Stacks, stacks: Stacks): void {
    const flat = ({ carry, x, byBefore, byRoot, saved }: Stacks): (Tensor | null)[] => [
      ...carry,
      ...x,
      ...byBefore,
      ...byRoot,
      ...saved.map(([, value]) => value),
    ]
    const all = flat(stacks)
    flat(step).forEach((t, i) => t && this.#stacks.set(t.node, all[i]!))
  }

  /** The sum of a gradient over all steps. */
  total(g: Tensor): () => Tensor {
    const { op, inputs, attrs } = g.node
    const [a, b] = inputs.map((node) => new Tensor(node)) as [Tensor, Tensor]
    if (op === 'add') {
      const [left, right] = [this.total(a), this.total(b)]
      return () => left().add(right())
    }
    if (op === 'reshape') {
      const inner = this.total(a)
      return () => inner().reshape(g.shape)
    }
    if (op === 'permute') {
      const inner = this.total(a)
      return () => inner().permute((attrs as AttrsOf['permute']).dims)
    }
    if (op === 'reduceSum') {
      const stack = this.#stack(a)
      const dims = [0, ...(attrs as AttrsOf['reduceSum']).dims.map((d) => d + 1)]
      return () => primitive('reduceSum', [stack()], { dims }).reshape(g.shape)
    }
    if (op === 'dot' && g.ndim === 2) {
      const [left, right] = [this.#long(a.transpose(0, 1)), this.#long(b)]
      return () => left().transpose(0, 1).matmul(right())
    }
    const stack = this.#stack(g)
    return () => stack().sum(0)
  }

  /** [k, m] of each step, one below the other: [steps · k, m]. */
  #long(x: Tensor): () => Tensor {
    const stack = this.#stack(x)
    return () => stack().reshape([this.#length * x.shape[0]!, x.shape[1]!])
  }

  /** [length, ...] */
  #stack(x: Tensor): () => Tensor {
    const { op, inputs, attrs } = x.node
    const known = this.#stacks.get(x.node)
    if (known) return () => known
    if (op === 'permute') {
      const inner = this.#stack(new Tensor(inputs[0]!))
      return () => inner().permute([0, ...(attrs as AttrsOf['permute']).dims.map((d) => d + 1)])
    }
    let place = this.#places.get(x.node)
    if (place === undefined) this.#places.set(x.node, (place = this.wanted.push(x) - 1))
    return () => this.given[place]!
  }
}
