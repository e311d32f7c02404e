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
