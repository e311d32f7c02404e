/** Stands in until @tenon/tensor has `scan`: unrolls. To be deleted then. */
import { isTensor, stack, type Tensor } from '@tenon/tensor'

type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree }

const leaves = (tree: unknown): Tensor[] => (isTensor(tree) ? [tree] : Object.values(tree as object).flatMap(leaves))

const map = (tree: unknown, fn: (tensor: Tensor) => Tensor): unknown => {
  if (isTensor(tree)) return fn(tree)
  if (Array.isArray(tree)) return tree.map((x) => map(x, fn))
  return Object.fromEntries(Object.entries(tree as object).map(([key, x]) => [key, map(x, fn)]))
}

export function scan<C, X, Y>(
  body: (carry: C, x: X) => { carry: C; y: Y },
  init: C,
  xs: X,
  { reverse = false }: { reverse?: boolean } = {},
): { carry: C; ys: Y } {
  const steps = leaves(xs as Tree)[0]!.shape[0]!
  const ys: Y[] = []
  let carry = init
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k
    const step = body(carry, map(xs, (x) => x.select(0, t)) as X)
    carry = step.carry
    ys[t] = step.y
  }
  const all = ys.map((y) => leaves(y as Tree))
  const stacked = all[0]!.map((_, k) => stack(all.map((list) => list[k]!)))
  return { carry, ys: map(ys[0], () => stacked.shift()!) as Y }
}
