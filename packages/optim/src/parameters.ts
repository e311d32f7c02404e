import { isTensor, type Variable } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'

/** What `model.namedParameters()` or `model.parameters()` gives; in the second case the positions are the names. */
export type ParameterList = Iterable<Variable> | Iterable<readonly [name: string, variable: Variable]>

/** Parameters with options of their own; those that are left out are the optimizer's. */
export type ParameterGroup<O> = Partial<O> & { readonly params: ParameterList }

/** What an optimizer takes: parameters, or groups of them. */
export type OptimizerParameters<O> = ParameterList | Iterable<ParameterGroup<O>>

interface ReadGroup<O> {
  readonly variables: ReadonlyMap<string, Variable>
  readonly options: Partial<O>
}

const isVariable = (value: unknown): value is Variable => isTensor(value) && 'assign' in value

const isGroup = (value: unknown): value is ParameterGroup<object> =>
  typeof value === 'object' && value !== null && !isTensor(value) && 'params' in value

/** The groups, by name within each; names and positions count across them. A plain list is one group without options. */
export function readGroups<O>(who: string, parameters: OptimizerParameters<O>): ReadGroup<O>[] {
  const list = iterate(who, parameters)
  const groups = list.filter(isGroup)
  if (groups.length > 0 && groups.length < list.length) {
    throw new OptimizerError(`${who} takes parameters, or groups { params, … } of them, and not both in one list`)
  }
  const seen = new Map<Variable, string>()
  const names = new Set<string>()
  const read = (items: readonly unknown[]): Map<string, Variable> =>
    new Map(
      items.map((item) => {
        const [name, variable] = (Array.isArray(item) ? item : [String(names.size), item]) as [string, unknown]
        if (!isVariable(variable)) throw new OptimizerError(`${who}: parameter ${name} is not a Variable but ${describe(variable)}`)
        if (names.has(name)) throw new OptimizerError(`${who}: two parameters are called ${name}`)
        if (seen.has(variable)) throw new OptimizerError(`${who}: parameters ${seen.get(variable)} and ${name} are the same`)
        names.add(name)
        seen.set(variable, name)
        return [name, variable]
      }),
    )
  if (groups.length === 0) return [{ variables: read(list), options: {} }]
  return groups.map(({ params, ...options }) => ({ variables: read(iterate(who, params)), options: options as Partial<O> }))
}

/** The parameters by name. */
export const readParameters = (who: string, parameters: ParameterList): ReadonlyMap<string, Variable> =>
  readGroups(who, parameters)[0]!.variables

function iterate(who: string, list: unknown): unknown[] {
  if (typeof list !== 'object' || list === null || !(Symbol.iterator in list)) {
    throw new OptimizerError(`${who} takes model.namedParameters() or model.parameters(), got ${describe(list)}`)
  }
  return [...(list as Iterable<unknown>)]
}

const describe = (value: unknown): string => (typeof value === 'object' && value !== null ? value.constructor.name : typeof value)
