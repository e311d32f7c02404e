import { isTensor, type Variable } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'

/** What `model.namedParameters()` or `model.parameters()` gives; in the second case the positions are the names. */
export type ParameterList = Iterable<Variable> | Iterable<readonly [name: string, variable: Variable]>

const isVariable = (value: unknown): value is Variable => isTensor(value) && 'assign' in value

/** The parameters by name. */
export function readParameters(who: string, parameters: ParameterList): Map<string, Variable> {
  const list = parameters as Iterable<unknown>
  if (typeof list !== 'object' || list === null || !(Symbol.iterator in list)) {
    throw new OptimizerError(`${who} takes model.namedParameters() or model.parameters(), got ${describe(list)}`)
  }
  const byName = new Map<string, Variable>()
  const seen = new Map<Variable, string>()
  for (const item of list) {
    const [name, variable] = (Array.isArray(item) ? item : [String(byName.size), item]) as [string, unknown]
    if (!isVariable(variable)) throw new OptimizerError(`${who}: parameter ${name} is not a Variable but ${describe(variable)}`)
    if (byName.has(name)) throw new OptimizerError(`${who}: two parameters are called ${name}`)
    if (seen.has(variable)) throw new OptimizerError(`${who}: parameters ${seen.get(variable)} and ${name} are the same`)
    byName.set(name, variable)
    seen.set(variable, name)
  }
  return byName
}

const describe = (value: unknown): string => (typeof value === 'object' && value !== null ? value.constructor.name : typeof value)
