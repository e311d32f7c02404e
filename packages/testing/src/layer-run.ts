/** One layer, run with its gradients, as numbers that can be compared: between backends, with and without jit, with PyTorch's. */
import { grad } from '@tenon/autograd'
import { type DType, isFloat, type TypedArray } from '@tenon/kernel'
import { isParameter, type Module, Parameter } from '@tenon/nn'
import { isTensor, jit, manualSeed, mapTensors, realize, type Shape, type Tensor, tensor, Variable } from '@tenon/tensor'
import { difference } from './close.ts'

/** Numbers by what they are: `output 0`, `shape of output 0`, `gradient by input 1`, `gradient by weight`, `runningMean`. */
export type LayerNumbers = Readonly<Record<string, ArrayLike<number>>>

/** The precisions that a layer is checked in. */
export type LayerFloat = 'float32' | 'float64'

/** Values that lie on no backend. */
export class Stored {
  readonly shape: Shape
  readonly dtype: DType
  readonly data: TypedArray

  constructor({ shape, dtype }: Tensor, data: TypedArray) {
    this.shape = shape
    this.dtype = dtype
    this.data = data
  }

  /** On the current backend, floats in the precision of the run. */
  restore(float: LayerFloat): Tensor {
    const dtype = isFloat(this.dtype) ? float : this.dtype
    return tensor(this.data, this.shape, { dtype })
  }
}

export function tensorsOf(value: unknown): Tensor[] {
  const found: Tensor[] = []
  mapTensors(value, (x) => found.push(x))
  return found
}

/** Reads the tensors in arrays and plain objects; gives a function that makes them anew. */
export async function store(value: unknown): Promise<(float: LayerFloat) => unknown> {
  const stored = await Promise.all(tensorsOf(value).map(async (x) => new Stored(x, await x.data())))
  return (float) => {
    let next = 0
    return mapTensors(value, () => stored[next++]!.restore(float))
  }
}

/** The gradient by output k that every run takes: cos(1 + k + i) at element i. */
export const incomingGradient = (size: number, k: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => Math.cos(1 + k + i))

export const forward = (layer: Module, inputs: readonly unknown[]): unknown => layer.forward(...(inputs as never[]))

const floats = (value: unknown): Tensor[] => tensorsOf(value).filter((x) => isFloat(x.dtype))

/** The outputs, and their gradients by the float inputs and the parameters that want one. */
function step(layer: Module, inputs: readonly unknown[]): { outputs: Tensor[]; gradients: Tensor[] } {
  const outputs = tensorsOf(forward(layer, inputs))
  const wanted = [...floats(inputs), ...learned(layer).map(([, parameter]) => parameter)]
  const differentiable = floats(outputs)
  if (wanted.length === 0 || differentiable.length === 0) return { outputs, gradients: [] }
  const gradOutputs = differentiable.map((y, k) => tensor(incomingGradient(y.size, k), y.shape, { dtype: y.dtype }))
  return { outputs, gradients: grad(differentiable, wanted, { gradOutputs, allowUnused: true }) }
}

export const learned = (layer: Module): [string, Parameter][] => layer.namedParameters().filter(([, parameter]) => parameter.requiresGrad)

/** Two calls with the same inputs: what the first gives, its gradients, what the second gives, and the buffers after both. */
export async function run(layer: Module, inputs: readonly unknown[], captured = false): Promise<LayerNumbers> {
  manualSeed(1)
  const call = (...xs: readonly unknown[]): ReturnType<typeof step> => step(layer, xs)
  const once = captured ? jit(call) : call
  const first = once(...inputs)
  realize(...first.outputs, ...first.gradients) // of the buffers as they are now
  const second = once(...inputs)
  const names = [...floats(inputs).map((_, i) => `input ${i}`), ...learned(layer).map(([path]) => path)]
  const entries: [string, Tensor][] = [
    ...first.outputs.map((y, i): [string, Tensor] => [`output ${i}`, y]),
    ...first.gradients.map((g, i): [string, Tensor] => [`gradient by ${names[i]}`, g]),
    ...second.outputs.map((y, i): [string, Tensor] => [`output ${i} of the second call`, y]),
    ...layer.namedBuffers(),
  ]
  const shapes = first.outputs.map((y, i) => [`shape of output ${i}`, y.shape] as const)
  const values = await Promise.all(entries.map(async ([name, x]) => [name, await x.data()] as const))
  return Object.fromEntries([...shapes, ...values])
}

/** What differs, one line for each name in `expected`. */
export function differences(actual: LayerNumbers, expected: LayerNumbers, rtol: number): string[] {
  return Object.entries(expected).flatMap(([name, numbers]) => {
    const found = actual[name]
    const exact = numbers instanceof Int32Array || numbers instanceof Uint32Array || name.startsWith('shape')
    const wrong = found ? difference(found, numbers, { rtol: exact ? 0 : rtol }) : `is missing among ${Object.keys(actual).join(', ')}`
    return wrong ? [`${name}: ${wrong}`] : []
  })
}

/** Puts Variables of this precision into the fields of a layer that was made in another, as `double()` does in PyTorch. */
export function inPrecision(layer: Module, float: LayerFloat): Module {
  const replaced = new Map<Variable, Variable>()
  for (const [path, variable] of Object.entries(layer.stateDict())) {
    if (!isFloat(variable.dtype) || variable.dtype === float) continue
    const names = path.split('.')
    const field = names.pop()!
    const holder = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], layer) as Record<string, unknown>
    if (!replaced.has(variable)) replaced.set(variable, likeIn(variable, float))
    holder[field] = replaced.get(variable)
  }
  return layer
}

function likeIn(variable: Variable, float: LayerFloat): Variable {
  const value = variable.cast(float)
  return isParameter(variable) ? new Parameter(value, { requiresGrad: variable.requiresGrad }) : new Variable(value)
}

/** `float32 [2, 3], int32 [2]`, for the names of tests. */
export const describeInputs = (inputs: readonly unknown[]): string =>
  inputs.map((x) => (isTensor(x) ? `${x.dtype} [${x.shape.join(', ')}]` : typeof x)).join(', ')
