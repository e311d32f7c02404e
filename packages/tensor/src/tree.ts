/** Values made of tensors, arrays and plain objects: what jitted functions take and return. */
import { isTensor, type Tensor } from './tensor.ts'

/** The same structure with each tensor replaced. */
export function mapTensors(value: unknown, replace: (tensor: Tensor) => unknown): unknown {
  if (isTensor(value)) return replace(value)
  if (Array.isArray(value)) return value.map((v) => mapTensors(v, replace))
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapTensors(v, replace)]))
  return value
}

export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)

const identities = new WeakMap<object, number>()
let nextIdentity = 0

/** A number that no other object has. */
export function identity(x: object): number {
  let id = identities.get(x)
  if (id === undefined) identities.set(x, (id = nextIdentity++))
  return id
}

/** Tells structures apart: `leaf` describes the tensors; numbers and strings count by value, functions and class instances by identity. */
export function describe(value: unknown, leaf: (tensor: Tensor) => string): string {
  if (isTensor(value)) return leaf(value)
  if (Array.isArray(value)) return `[${value.map((v) => describe(v, leaf)).join()}]`
  if (isPlain(value))
    return `{${Object.entries(value)
      .map(([k, v]) => `${JSON.stringify(k)}:${describe(v, leaf)}`)
      .join()}}`
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return `@${identity(value)}`
  return typeof value === 'string' ? JSON.stringify(value) : `${typeof value}:${Object.is(value, -0) ? '-0' : String(value)}`
}
