/** Where code is put: the places of a loop nest, outermost first, and what has been computed at each. */
import { type Statement, sequence, type V128, type Value } from '../assembler/code.ts'
import type { FunctionBuilder, Local } from '../assembler/module.ts'
import type { MathFunctions } from '../math/routines.ts'
import { multiplyAdd } from '../math/routines.ts'
import type { Target } from './operations.ts'

/** A loop while its body is being written. */
export interface ActiveLoop {
  readonly axis: number
  readonly counter: Local<'i32'>
  /** Value of the counter when the loop is entered, where it is known. */
  readonly start: number | null
  readonly step: number
  /** Run before the loop, and at the end of each round. */
  readonly entry: Statement[]
  readonly advance: Statement[]
}

export class Scope {
  readonly loop: ActiveLoop | null
  /** Computed at the start of each round, before the inner loops. */
  readonly statements: Statement[] = []
  readonly inner: Statement[] = []
  /** What has been computed here, under a key of the one who did. */
  readonly values: Map<string, readonly Value[]> = new Map()

  constructor(loop: ActiveLoop | null = null) {
    this.loop = loop
  }

  get code(): Statement {
    return sequence(...this.statements, ...this.inner)
  }
}

/** The function that the nest becomes, and what is common to all its scopes. */
export interface Host {
  readonly f: FunctionBuilder<'none'>
  readonly math: MathFunctions
  readonly relaxed: boolean
  readonly root: Scope
}

export function keep<T extends Value>(host: Host, scope: Scope, value: T): T {
  const local = host.f.local(value.type)
  scope.statements.push(local.set(value))
  return local.get as Value as T
}

/** Constants go to the root: inside a loop the engine would make them anew each round. */
export function constant(host: Host, value: V128): V128 {
  const key = `constant ${JSON.stringify(value.bytes)}`
  let known = host.root.values.get(key)
  if (!known) host.root.values.set(key, (known = [keep(host, host.root, value)]))
  return known[0] as V128
}

export const target = (host: Host, scope: Scope): Target => ({
  math: host.math,
  madd: multiplyAdd(host.relaxed),
  keep: (value) => keep(host, scope, value),
  keepScalar: (value) => keep(host, scope, value),
  constant: (value) => constant(host, value),
})

/** A place in the nest, and how many of its points are computed there at once. */
export interface Site {
  readonly scopes: readonly Scope[]
  /** Position in `scopes` of each loop that is open. */
  readonly depths: ReadonlyMap<number, number>
  /** The axis of which four neighbouring points make the lanes of a vector. */
  readonly lanes: number | null
  /** How many of the four lanes count: fewer at the end of an axis. */
  readonly active: number
  /** The axis along which several such vectors (or single values) are computed side by side. */
  readonly parts: { readonly axis: number; readonly count: number } | null
  /** Results of reductions at this grid point, and the scope from which on they are known. */
  readonly registers: ReadonlyMap<number, readonly Value[]>
  readonly registerDepth: number
  /** Whether the lanes and parts are those of the grid, so that registers have them too. */
  readonly lanesOfGrid: boolean
}

export const innermost = (site: Site): Scope => site.scopes.at(-1)!
