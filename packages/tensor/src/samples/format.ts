/**
 * Samples: an op with inputs to run it on. The suites run them on every backend, check their gradients and hold them
 * against PyTorch. A sample is data beside its op; only types are imported here, so no test framework and no backend comes with it.
 */
import type { DType } from '@tenon/kernel'
import type { PrimitiveName } from '../primitives.ts'
import type { Tensor } from '../tensor.ts'

/** Content of one input. Every number is exact in float32, so that a run in float64 sees the same inputs. */
export interface InputSpec {
  readonly shape: readonly number[]
  /** float32 stands for the float of the run: a gradient check takes float64 instead. */
  readonly dtype: DType
  readonly fill:
    | { readonly kind: 'normal' }
    | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
    | { readonly kind: 'integers'; readonly low: number; readonly high: number }
    | { readonly kind: 'values'; readonly values: readonly number[] }
  /** Given to the op as an expanded view of this shape. */
  readonly expandTo?: readonly number[]
}

/** One call of an op: its inputs and arguments, and what is not checked there. */
export interface SampleCase {
  readonly inputs: readonly InputSpec[]
  /** What follows the tensors in the call: numbers, arrays, and perhaps one options object (keyword arguments in PyTorch). */
  readonly args: readonly unknown[]
  /** Why the gradient is not checked at these inputs. */
  readonly noGradient?: string
  /** Why PyTorch is not asked about these inputs. */
  readonly noTorch?: string
}

/** What every op needs a case of, or a reason. */
export type CaseKind = 'plain' | 'broadcast' | 'size-one' | 'empty' | 'non-contiguous'
/** All of them. */
export const caseKinds: readonly CaseKind[] = ['plain', 'broadcast', 'size-one', 'empty', 'non-contiguous']

/** An op as the suites call it. */
// biome-ignore lint/suspicious/noExplicitAny: a sample passes what its op takes
export type SampledOp = (...args: any[]) => Tensor | readonly Tensor[]

/** An op whose result is no tensor but holds some: its `call` takes them out. */
// biome-ignore lint/suspicious/noExplicitAny: as above
type Named = (...args: any[]) => unknown

/** The cases of an op, and what the suites must know of it. */
export interface Samples {
  /** The exported name of a function, `Tensor.name` of a method, or `primitive:name`. */
  readonly name: string
  /** The function itself; null for a method or primitive. */
  readonly op: Named | null
  readonly run: (inputs: readonly Tensor[], args: readonly unknown[]) => readonly Tensor[]
  readonly cases: readonly SampleCase[]
  /** A Python expression: a function of the tensors and arguments, with `torch`, `F` and `math` in scope. */
  readonly torch: string | null
  /** Why there is none. */
  readonly noTorch: string | null
  /** Kinds of case that the op has not, each with its reason. */
  readonly without: Readonly<Partial<Record<CaseKind, string>>>
  /** Inputs at which the op has no derivative: a gradient check stays put there. */
  readonly kinks: readonly number[]
  /** Why the gradient is checked nowhere. */
  readonly noGradient: string | null
  /** Tolerance between backends in float32, where the usual one is too narrow. */
  readonly rtol: number | null
}

type CaseSpec = InputSpec | readonly InputSpec[] | (Partial<SampleCase> & { readonly inputs: readonly InputSpec[] })

/** A case is one input, several, or several with what else it is called with. */
export type SampleInputs = readonly CaseSpec[]

/** What `samples` is told of an op. */
export interface SamplesOptions {
  readonly inputs: SampleInputs
  /** A Python expression, or why there is none. */
  readonly torch: string | { readonly none: string }
  /** How the op is called with tensors and args, where it is not op(...tensors, ...args). */
  readonly call?: SampledOp
  readonly without?: Samples['without']
  readonly kinks?: readonly number[]
  readonly noGradient?: string
  readonly rtol?: number
}

type MethodName = { [K in keyof Tensor]: Tensor[K] extends SampledOp ? K : never }[keyof Tensor] & string

const isInput = (spec: CaseSpec): spec is InputSpec => 'dtype' in spec

function toCase(spec: CaseSpec): SampleCase {
  if (isInput(spec)) return { inputs: [spec], args: [] }
  return 'inputs' in spec ? { ...spec, args: spec.args ?? [] } : { inputs: spec, args: [] }
}

/** The samples of a function (given itself), a method of Tensor (by name), or a primitive that no method shows. */
export function samples(op: SampledOp | MethodName | `primitive:${PrimitiveName}`, options: SamplesOptions): Samples
export function samples(op: Named, options: SamplesOptions & { readonly call: SampledOp }): Samples
export function samples(op: Named | string, options: SamplesOptions): Samples {
  const call = options.call ?? (typeof op === 'string' ? method(op as MethodName) : (op as SampledOp))
  return {
    name: typeof op !== 'string' ? op.name : op.includes(':') ? op : `Tensor.${op}`,
    op: typeof op === 'string' ? null : op,
    run: (inputs, args) => [call(...inputs, ...args)].flat(),
    cases: options.inputs.map(toCase),
    torch: typeof options.torch === 'string' ? options.torch : null,
    noTorch: typeof options.torch === 'string' ? null : options.torch.none,
    without: options.without ?? {},
    kinks: options.kinks ?? [],
    noGradient: options.noGradient ?? null,
    rtol: options.rtol ?? null,
  }
}

const method =
  (name: MethodName): SampledOp =>
  (x: Tensor, ...args) =>
    (x[name] as SampledOp).apply(x, args)

/** Standard normal numbers. */
export const randn = (shape: readonly number[]): InputSpec => ({ shape, dtype: 'float32', fill: { kind: 'normal' } })

/** Uniform in [low, high). */
export const uniform = (shape: readonly number[], low: number, high: number): InputSpec => ({
  shape,
  dtype: 'float32',
  fill: { kind: 'uniform', low, high },
})

/** Whole numbers in [low, high). */
export const integers = (shape: readonly number[], low: number, high: number, dtype: DType = 'int32'): InputSpec => ({
  shape,
  dtype,
  fill: { kind: 'integers', low, high },
})

/** An input of random bools. */
export const booleans = (shape: readonly number[]): InputSpec => integers(shape, 0, 2, 'bool')

/** A vector of exactly these numbers. */
export const values = (...numbers: number[]): InputSpec => filled([numbers.length], numbers)

/** A tensor of exactly these numbers, in row-major order. */
export const filled = (shape: readonly number[], numbers: readonly number[], dtype: DType = 'float32'): InputSpec => ({
  shape,
  dtype,
  fill: { kind: 'values', values: numbers },
})

/** The same input, handed to the op as an expanded view. */
export const expanded = (spec: InputSpec, shape: readonly number[]): InputSpec => ({ ...spec, expandTo: shape })

/** The kinds that this case is of. All but `non-contiguous`, which the suites make themselves out of every case. */
export function kindsOf({ inputs }: SampleCase): CaseKind[] {
  const shapes = inputs.map((input) => input.expandTo ?? input.shape)
  const dims = shapes.flat()
  if (dims.includes(0)) return ['empty']
  const kinds: CaseKind[] = dims.includes(1) ? ['size-one'] : []
  if (shapes.some((shape) => shape.join() !== shapes[0]!.join())) kinds.push('broadcast')
  return kinds.length > 0 ? kinds : ['plain']
}
