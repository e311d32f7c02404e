/**
 * What plans are cached under. Two steps of a training loop give equal keys, so that the second one only binds buffers. An eager step makes the key of
 * its whole graph anew, so it is no text for people: numbers are characters, and so are the words that ops, dtypes and attributes have.
 */
import { isLeaf, literalOf, resolve } from './graph.ts'
import { type Node, operands } from './node.ts'
import type { Request } from './plan.ts'

const words = new Map<string, number>()
const chunk = new Uint16Array(4096)
let used = 0
let key = ''

function flush(text = ''): void {
  key += String.fromCharCode.apply(null, chunk.subarray(0, used) as unknown as number[]) + text
  used = 0
}

/** As JSON has it: functions and symbols are left out. */
function put(value: unknown): void {
  if (used + 2 > chunk.length) flush()
  if (typeof value === 'number' && value >= 0 && value < 0xffff && Object.is(value, value | 0)) {
    chunk[used++] = value
  } else if (typeof value === 'string') {
    if (!words.has(value)) words.set(value, words.size)
    chunk[used++] = words.get(value)!
  } else if (Array.isArray(value)) {
    put(value.length)
    for (const element of value) put(element)
  } else if (typeof value === 'object' && value !== null && !('toJSON' in value)) {
    for (const name in value) {
      put(name)
      put((value as Record<string, unknown>)[name])
    }
  } else {
    const text = JSON.stringify(value) ?? ''
    chunk[used++] = 0xffff
    put(text.length)
    flush(text)
  }
}

/** The shapes and dtypes of all but leaves follow from those. */
function putNode(node: Node): void {
  const { op, attrs, shape, dtype } = node
  if (isLeaf(node)) {
    put(op === 'const' ? op : 'leaf')
    put(dtype)
    put(literalOf(node) ?? 2)
    put(shape)
  } else {
    const inputs = operands(op, node.inputs)
    put(op)
    put(2 * inputs.length + Number(node.transient))
    for (const input of inputs) put(resolve(input).position)
    put(attrs)
  }
}

export function keyOf(value: unknown): string {
  key = ''
  put(value)
  flush()
  return key
}

/** `keeps` says whether it may leave values behind in passing, of nodes that are not transient. */
export function programKey(nodes: readonly Node[], requests: readonly Request[], keeps: boolean): string {
  key = ''
  for (const node of nodes) putNode(node)
  put('results')
  for (const { position, over } of requests) {
    put(position)
    put(over === null ? 0 : over + 1)
  }
  put(Number(keeps))
  flush()
  return key
}
