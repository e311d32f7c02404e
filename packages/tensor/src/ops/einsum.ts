/**
 * Einstein summation. Operands are contracted from left to right, two at a time, and a contraction is one batched matmul over
 * permuted views; only what has nothing to sum together is a product of its elements.
 */
import { DTypeError, ShapeError } from '@tenon/kernel'
import { showShape, sizeOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { diagonal } from './diagonal.ts'

/** A tensor with the name of each dimension: a letter, or `.k` for the k-th from the right of those that an ellipsis stands for. */
interface Term {
  readonly x: Tensor
  readonly labels: readonly string[]
}

/**
 * einsum(equation, ...operands): the product of all operands, whose dimensions the equation names by letters, summed over every letter that
 * the output lacks. A letter twice in one operand is its diagonal, `...` stands for dimensions that broadcast, and a dimension of
 * size 1 stretches. Without `->` the output has the ellipsis and then, in alphabetical order, capitals first, what stands there once.
 * Source: torch.einsum.
 *
 * `einsum('bhqd,bhkd->bhqk', q, k)`: [b, h, q, d], [b, h, k, d] → [b, h, q, k]
 *
 * @throws ShapeError for an equation that is none, or that does not fit the operands: it names the subscript
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parse(equation)
  if (inputs.length !== operands.length) {
    throw new ShapeError(`einsum: '${equation}' has ${inputs.length} operands, got ${operands.length} tensors`)
  }
  const other = operands.find((x) => x.dtype !== operands[0]!.dtype)
  if (other) throw new DTypeError(`einsum: dtypes ${operands[0]!.dtype} and ${other.dtype} differ; cast one of them with x.cast(dtype)`)

  const named = operands.map((x, k) => takeDiagonals(name(x, inputs[k]!, k), k))
  const sizes = sizesOf(named)
  const ellipsis = [...sizes.keys()].filter((label) => label.startsWith('.')).sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)))
  const wanted = output === null ? implicit(inputs, ellipsis) : explicit(output, equation, sizes, ellipsis)

  const [first, ...rest] = named.map((term) => dropStretched(term, sizes))
  const product = rest.reduce<Term>((term, next, k) => {
    const later = new Set([...wanted, ...rest.slice(k + 1).flatMap(({ labels }) => labels)])
    return contract(term, next, later)
  }, first!)
  const summed = sumExcept(product, (label) => wanted.includes(label))
  return summed.x.permute(wanted.map((label) => summed.labels.indexOf(label)))
}

const symbols = (subscript: string): string[] => subscript.match(/\.\.\.|[a-zA-Z]/g) ?? []

function parse(equation: string): { inputs: string[]; output: string | null } {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->')
  if (more.length > 0) throw new ShapeError(`einsum: '${equation}' has more than one '->'`)
  const inputs = left!.split(',')
  for (const subscript of right === undefined ? inputs : [...inputs, right]) {
    const wrong = subscript.replace('...', '').match(/[^a-zA-Z]/)
    if (wrong) {
      throw new ShapeError(
        `einsum: '${wrong[0]}' in subscript '${subscript}' of '${equation}'; a subscript is letters and at most one '...'`,
      )
    }
  }
  return { inputs, output: right ?? null }
}

function name(x: Tensor, subscript: string, operand: number): Term {
  const parts = symbols(subscript)
  const hidden = x.ndim - parts.filter((part) => part !== '...').length
  if (hidden < 0 || (hidden > 0 && !parts.includes('...'))) {
    throw new ShapeError(
      `einsum: subscript '${subscript}' of operand ${operand} names ${x.ndim - hidden} dimensions, and its shape is ${showShape(x.shape)}`,
    )
  }
  const labels = parts.flatMap((part) => (part === '...' ? Array.from({ length: hidden }, (_, k) => `.${hidden - 1 - k}`) : [part]))
  return { x, labels }
}

function takeDiagonals({ x, labels }: Term, operand: number): Term {
  const repeated = labels.find((label, d) => labels.indexOf(label) !== d)
  if (repeated === undefined) return { x, labels }
  const [a, b] = [labels.indexOf(repeated), labels.lastIndexOf(repeated)]
  if (x.shape[a] !== x.shape[b]) {
    throw new ShapeError(`einsum: subscript '${repeated}' stands twice in operand ${operand}, for sizes ${x.shape[a]} and ${x.shape[b]}`)
  }
  return takeDiagonals({ x: diagonal(x, 0, a, b), labels: [...labels.filter((_, d) => d !== a && d !== b), repeated] }, operand)
}

function sizesOf(terms: readonly Term[]): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const [operand, { x, labels }] of terms.entries()) {
    labels.forEach((label, d) => {
      const [known, size] = [sizes.get(label) ?? 1, x.shape[d]!]
      if (known !== 1 && size !== 1 && known !== size) {
        const shown = label.startsWith('.') ? `'...'` : `'${label}'`
        throw new ShapeError(
          `einsum: subscript ${shown} is ${known} elsewhere and ${size} in operand ${operand}; sizes must be equal, or 1`,
        )
      }
      sizes.set(label, known === 1 ? size : known)
    })
  }
  return sizes
}

function implicit(inputs: readonly string[], ellipsis: readonly string[]): string[] {
  const letters = inputs.flatMap(symbols).filter((part) => part !== '...')
  return [...ellipsis, ...letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort()]
}

function explicit(output: string, equation: string, sizes: ReadonlyMap<string, number>, ellipsis: readonly string[]): string[] {
  const labels = symbols(output)
  labels.forEach((label, d) => {
    if (labels.indexOf(label) !== d) throw new ShapeError(`einsum: subscript '${label}' stands twice in the output of '${equation}'`)
    if (label !== '...' && !sizes.has(label)) {
      throw new ShapeError(`einsum: subscript '${label}' of the output stands in no operand of '${equation}'`)
    }
  })
  return labels.flatMap((label) => (label === '...' ? ellipsis : [label]))
}

/** Without the dimensions of size 1 that stretch: what lacks a dimension is the same all along it. */
function dropStretched({ x, labels }: Term, sizes: ReadonlyMap<string, number>): Term {
  const stays = labels.map((label, d) => x.shape[d] === sizes.get(label))
  return { x: x.reshape(x.shape.filter((_, d) => stays[d])), labels: labels.filter((_, d) => stays[d]) }
}

function sumExcept({ x, labels }: Term, stays: (label: string) => boolean): Term {
  const dims = [...labels.keys()].filter((d) => !stays(labels[d]!))
  return dims.length === 0 ? { x, labels } : { x: x.sum(dims), labels: labels.filter(stays) }
}

/** The product of two terms, summed over what neither the output nor a later operand has. */
function contract(first: Term, second: Term, later: ReadonlySet<string>): Term {
  const a = sumExcept(first, (label) => later.has(label) || second.labels.includes(label))
  const b = sumExcept(second, (label) => later.has(label) || first.labels.includes(label))
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const batch = shared.filter((label) => later.has(label))
  const summed = shared.filter((label) => !later.has(label))
  const rows = a.labels.filter((label) => !shared.includes(label))
  const columns = b.labels.filter((label) => !shared.includes(label))

  const size = ({ x, labels }: Term, of: readonly string[]): number[] => of.map((label) => x.shape[labels.indexOf(label)]!)
  const [n, r, c, s] = [size(a, batch), size(a, rows), size(b, columns), size(a, summed)]
  const labels = [...batch, ...rows, ...columns]
  if (rows.length + columns.length === 0) {
    const x = arrange(a, [...batch, ...summed]).mul(arrange(b, [...batch, ...summed]))
    return sumExcept({ x, labels: [...batch, ...summed] }, (label) => !summed.includes(label))
  }
  const left = arrange(a, [...batch, ...rows, ...summed])
  const right = arrange(b, [...batch, ...summed, ...columns])
  if (summed.length === 0) {
    return { x: left.reshape([...n, ...r, ...c.map(() => 1)]).mul(right.reshape([...n, ...r.map(() => 1), ...c])), labels }
  }
  const x = left.reshape([...n, sizeOf(r), sizeOf(s)]).matmul(right.reshape([...n, sizeOf(s), sizeOf(c)])) // [...batch, rows, columns]
  return { x: x.reshape([...n, ...r, ...c]), labels }
}

const arrange = ({ x, labels }: Term, order: readonly string[]): Tensor => x.permute(order.map((label) => labels.indexOf(label)))
