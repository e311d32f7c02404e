import { isFloat, isTensor, sameShape, showShape, TenonError, type Tensor, type Variable } from '@tenon/tensor'
import type { Module } from './module.ts'
import { variablesOf } from './walk.ts'

/** A state dict that does not fit the module: lists all entries that are missing, unexpected or wrong. */
export class StateDictError extends TenonError {
  override name = 'StateDictError'
}

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Refuse missing and unexpected entries. Default true. Wrong shapes are refused in any case. */
  readonly strict?: boolean
}

/** What `loadStateDict` did not find, and found beside. */
export interface LoadReport {
  readonly missingKeys: readonly string[]
  readonly unexpectedKeys: readonly string[]
}

/** Assigns the entries of `state` to the Variables of `module`; all or none. */
export function loadState(module: Module, state: Readonly<Record<string, Tensor>>, { strict = true }: LoadOptions): LoadReport {
  const own = new Map(variablesOf(module, true))
  const pathsOf = new Map<Variable, string[]>()
  for (const [path, variable] of own) pathsOf.set(variable, [...(pathsOf.get(variable) ?? []), path])
  // A shared Variable has several paths, and one of them is enough.
  const missingKeys = [...pathsOf.values()].filter((paths) => !paths.some((path) => path in state)).map((paths) => paths[0]!)
  const unexpectedKeys = Object.keys(state).filter((path) => !own.has(path))
  const values = [...own].filter(([path]) => path in state).map(([path, variable]) => ({ path, variable, value: state[path]! }))
  const wrong = values.flatMap(({ path, variable, value }) => misfit(path, variable, value) ?? [])

  const problems = [
    ...(strict && missingKeys.length > 0 ? [`missing: ${missingKeys.join(', ')}`] : []),
    ...(strict && unexpectedKeys.length > 0 ? [`unexpected: ${unexpectedKeys.join(', ')}`] : []),
    ...wrong,
  ]
  if (problems.length > 0) {
    const advice = wrong.length > 0 || !strict ? '' : '\nTo load only the entries that both sides have, pass { strict: false }.'
    throw new StateDictError(
      `The state dict does not fit ${module.constructor.name}; nothing was loaded.\n  ${problems.join('\n  ')}${advice}`,
    )
  }
  for (const { variable, value } of values) if (value !== variable) variable.assign(value.cast(variable.dtype))
  return { missingKeys, unexpectedKeys }
}

/**
 * The entries of a state dict of PyTorch under the names that they have here: `encoder.in_proj_weight` becomes `encoder.inProjWeight`. For weights
 * that were saved by PyTorch, as a safetensors file holds them: `model.loadStateDict(fromTorchKeys(tensors))`.
 *
 * Names of your own layers change as PyTorch's do: what is `self.input_layer` there is the field `inputLayer` here.
 *
 * @throws StateDictError if two entries would get one name
 */
export function fromTorchKeys<T>(state: Readonly<Record<string, T>>): Record<string, T> {
  const names = new Map<string, string>()
  for (const key of Object.keys(state)) {
    const name = key.replace(/(?<=[a-z0-9])_([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase())
    if (names.has(name)) throw new StateDictError(`fromTorchKeys: both ${names.get(name)} and ${key} would be ${name}; rename one of them`)
    names.set(name, key)
  }
  return Object.fromEntries([...names].map(([name, key]) => [name, state[key]!]))
}

/** What keeps `value` from being assigned. Other precisions of the same kind are cast, as PyTorch does. */
function misfit(path: string, variable: Variable, value: Tensor): string | null {
  if (!isTensor(value)) return `${path}: a Tensor is expected, got ${value === null ? 'null' : typeof value}`
  if (!sameShape(value.shape, variable.shape) || isFloat(value.dtype) !== isFloat(variable.dtype)) {
    return `${path}: ${describe(variable)} is expected, got ${describe(value)}`
  }
  const [here, there] = [variable.node.backend, value.node.backend]
  return there && there !== here ? `${path} lies on ${here?.name}, the value on ${there.name}; use x.to(backend)` : null
}

const describe = ({ dtype, shape }: Tensor): string => `${dtype} ${showShape(shape)}`
