/**
 * What plans are cached under. Two steps of a training loop give equal keys, so that the second one only binds buffers. An eager step makes the key of
 * its whole graph anew, so it is no text for people: it has a character for each number.
 */
import { isLeaf, literalOf, resolve } from './graph.ts'
import { type Node, operands } from './node.ts'
import type { Request } from './plan.ts'

/** Numbers that others do not have: for ops, dtypes and names of attributes, of which there are few. */
const numbers = new Map<string, number>()
function numberOf(name: string): number {
  let number = numbers.get(name)
  if (number === undefined) numbers.set(name, (number = numbers.size))
  return number
}

const chunk = new Uint16Array(4096)
let used = 0
let key = ''

function flush(): void {
  key += String.fromCharCode.apply(null, chunk.subarray(0, used) as unknown as number[])
  used = 0
}

function put(number: number): void {
  if (used + 3 > chunk.length) flush()
  if (number >= 0 && number < 0xffff) {
    chunk[used++] = number
    return
  }
  chunk[used++] = 0xffff
  chunk[used++] = number
  chunk[used++] = number >>> 16
}

/** As JSON has it: functions and symbols are left out. */
function putValue(value: unknown): void {
  if (typeof value === 'number' && (value | 0) === value) {
    put(value)
  } else if (Array.isArray(value)) {
    put(value.length)
    for (const element of value) putValue(element)
  } else if (typeof value === 'object' && value !== null && !('toJSON' in value)) {
    for (const name in value) {
      put(numberOf(name))
      putValue((value as Record<string, unknown>)[name])
    }
  } else {
    const text = JSON.stringify(value) ?? ''
    put(text.length)
    flush()
    key += text
  }
}

/** The shapes and dtypes of all but leaves follow from those. */
function putNode(node: Node): void {
  const { op, attrs, shape, dtype } = node
  if (!isLeaf(node)) {
    const inputs = operands(op, node.inputs)
    put(numberOf(op))
    put(2 * inputs.length + Number(node.transient))
    for (const input of inputs) put(resolve(input).position)
    putValue(attrs)
    return
  }
  const literal = literalOf(node)
  put(numberOf(op === 'const' ? op : 'leaf'))
  put(numberOf(dtype))
  put(literal === null ? 0 : Object.is(literal, -0) ? 1 : literal + 3)
  putValue(shape)
}

/** `keeps` says whether it may leave values behind in passing, of nodes that are not transient. */
export function programKey(nodes: readonly Node[], requests: readonly Request[], keeps: boolean): string {
  key = ''
  put(nodes.length)
  for (const node of nodes) putNode(node)
  put(numberOf('results'))
  for (const { position, over } of requests) {
    put(position)
    put(over ?? -1)
  }
  put(Number(keeps))
  flush()
  return key
}
