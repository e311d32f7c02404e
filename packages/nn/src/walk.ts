/**
 * What a module holds is found by walking its fields when asked: nothing is registered, so nothing can be forgotten.
 * Seen are enumerable own fields with a module or a Variable, and arrays and plain objects of them, at any depth.
 * A `#private` field is not seen: the place for what must not be saved.
 */
import { isTensor, type Variable } from '@tenon/tensor'
import type { Module } from './module.ts'

/** Two installed copies of this package know each other's modules by it. */
export const moduleBrand: symbol = Symbol.for('tenon.nn.Module')

/** Whether it is a `Module`, of this copy of the package or of another. */
export const isModule = (value: unknown): value is Module => typeof value === 'object' && value !== null && moduleBrand in value

/** A Tensor of any copy of @tenon/tensor that can be assigned to. */
const isVariable = (value: unknown): value is Variable => isTensor(value) && 'assign' in value

export type Entry<T> = readonly [path: string, value: T]

const join = (prefix: string, name: string): string => (prefix ? `${prefix}.${name}` : name)

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === Object.prototype || prototype === null
}

interface Fields {
  readonly variables: Entry<Variable>[]
  readonly children: Entry<Module>[]
}

function collect(container: object, prefix: string, fields: Fields, above: readonly object[]): void {
  for (const [key, value] of Object.entries(container) as [string, unknown][]) {
    if (typeof value !== 'object' || value === null) continue
    const path = join(prefix, key)
    if (isModule(value)) fields.children.push([path, value])
    else if (isVariable(value)) fields.variables.push([path, value])
    else if ((Array.isArray(value) || isPlain(value)) && !above.includes(value)) collect(value, path, fields, [...above, value])
  }
}

/** The Variables and the child modules of one module, in the order of its fields: `conv1`, `blocks.0`, `heads.query`. */
export function fieldsOf(module: Module): Fields {
  const fields: Fields = { variables: [], children: [] }
  collect(module, '', fields, [])
  return fields
}

/**
 * A module and all below it, each before its children. A module that is reachable by several paths comes under the first,
 * or under each of them if `everyPath` is set; a module inside itself is passed over.
 */
export function* modulesOf(root: Module, everyPath = false): Generator<Entry<Module>> {
  const seen = new Set<Module>()
  function* visit(module: Module, path: string): Generator<Entry<Module>> {
    if (seen.has(module)) return
    seen.add(module)
    yield [path, module]
    for (const [name, child] of fieldsOf(module).children) yield* visit(child, join(path, name))
    if (everyPath) seen.delete(module)
  }
  yield* visit(root, '')
}

/** The Variables of a module and of all below it: its own, then those of its children, as PyTorch orders them. */
export function* variablesOf(root: Module, everyPath = false): Generator<Entry<Variable>> {
  const seen = new Set<Variable>()
  for (const [path, module] of modulesOf(root, everyPath)) {
    for (const [name, variable] of fieldsOf(module).variables) {
      if (!everyPath && seen.has(variable)) continue
      seen.add(variable)
      const full = join(path, name)
      // The longest path names it: `weight` becomes `fc.weight` once the layer is part of a model.
      if (variable.name === null || full.endsWith(`.${variable.name}`)) variable.name = full
      yield [full, variable]
    }
  }
}
