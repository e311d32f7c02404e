/** From the data of a sample to tensors, laid out in several ways. */
import { type DType, dtypes, isFloat } from '@tenon/kernel'
import { type Tensor, tensor } from '@tenon/tensor'
import { caseContents, type InputSpec, type Samples } from '@tenon/tensor/samples'

/**
 * How the numbers of an input reach the op: as they lie in memory; as a permuted view; reversed, every second one of a larger
 * tensor; or as the result of another op, which the op may be fused with.
 */
export type Layout = 'contiguous' | 'permuted' | 'sliced' | 'computed'
/** All of them. */
export const layouts: readonly Layout[] = ['contiguous', 'permuted', 'sliced', 'computed']

/** The float of the run stands in for float32. */
export type Float = 'float32' | 'float64'

function make(values: readonly number[], shape: readonly number[], dtype: DType): Tensor {
  const array = new dtypes[dtype].array(values.length)
  array.set(values)
  return tensor(array, shape, { dtype })
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

/** Calls `visit` with the position of every element of a row-major tensor, and its index. */
function eachIndex(shape: readonly number[], visit: (position: number, index: readonly number[]) => void): void {
  const index = shape.map(() => 0)
  for (let position = 0; position < sizeOf(shape); position++) {
    visit(position, index)
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0
  }
}

const positionOf = (shape: readonly number[], index: readonly number[]): number => index.reduce((p, i, d) => p * shape[d]! + i, 0)

function permuted(values: readonly number[], shape: readonly number[], dtype: DType): Tensor {
  const reversed = [...shape].reverse()
  const moved = new Array<number>(values.length)
  eachIndex(shape, (p, index) => (moved[positionOf(reversed, [...index].reverse())] = values[p]!))
  return make(moved, reversed, dtype).permute(shape.map((_, d) => shape.length - 1 - d))
}

function sliced(values: readonly number[], shape: readonly number[], dtype: DType): Tensor {
  const larger = shape.map((d) => 2 * d + 1)
  const spread = new Array<number>(sizeOf(larger)).fill(1) // what lies between is never read
  eachIndex(
    shape,
    (p, index) =>
      (spread[
        positionOf(
          larger,
          index.map((i, d) => 2 * (shape[d]! - 1 - i) + 1),
        )
      ] = values[p]!),
  )
  return shape.reduce((x, size, d) => x.slice(d, 1, 2 * size + 1, 2), make(spread, larger, dtype)).flip(shape.map((_, d) => d))
}

/** A recipe rather than memory: −(−x), or 0 = (1 − x) for bools, which change no bit. */
function computed(values: readonly number[], shape: readonly number[], dtype: DType): Tensor {
  if (dtype === 'bool')
    return make(
      values.map((v) => 1 - v),
      shape,
      dtype,
    ).eq(0)
  return dtype === 'uint32'
    ? make(values, shape, dtype)
    : make(
        values.map((v) => -v),
        shape,
        dtype,
      ).neg()
}

/** An input of a sample as a tensor that lies in memory in this way. */
export function makeInput(values: readonly number[], spec: InputSpec, layout: Layout, float: Float): Tensor {
  const dtype = spec.dtype === 'float32' ? float : spec.dtype
  const plain = { contiguous: make, permuted, sliced, computed }[layout](values, spec.shape, dtype)
  return spec.expandTo ? plain.expand(spec.expandTo) : plain
}

/** One case that was run. */
export interface SampleRun {
  /** For messages: which case, in which layout. */
  readonly label: string
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

/** How `runCase` makes the inputs. */
export interface RunOptions {
  readonly layout?: Layout
  readonly float?: Float
}

/** Applies a sample's op to the inputs of one case. */
export function runCase(samples: Samples, index: number, { layout = 'contiguous', float = 'float32' }: RunOptions = {}): SampleRun {
  const { inputs: specs, args } = samples.cases[index]!
  const contents = caseContents(samples, index)
  const inputs = specs.map((spec, i) => makeInput(contents[i]!, spec, layout, float))
  return { label: labelOf(samples, index, layout), inputs, outputs: samples.run(inputs, args) }
}

/** `case 2, sliced: float32 [3, 4], float32 [4]; args 1`. */
function labelOf(samples: Samples, index: number, layout: Layout): string {
  const { inputs, args } = samples.cases[index]!
  const shown = inputs.map((s) => `${s.dtype} [${s.shape.join(', ')}]${s.expandTo ? ` expanded to [${s.expandTo.join(', ')}]` : ''}`)
  const call = args.length > 0 ? `args ${args.map((a) => JSON.stringify(a)).join(', ')}` : ''
  return `case ${index}, ${layout}: ${[shown.join(', '), call].filter(Boolean).join('; ')}`
}

/** The layouts that differ for this case: a tensor without dimensions or elements lies in one way. */
export function layoutsOf(samples: Samples, index: number): readonly Layout[] {
  const { inputs } = samples.cases[index]!
  const spread = inputs.some((s) => s.shape.length > 0 && sizeOf(s.shape) > 0)
  return spread ? layouts : layouts.slice(0, 1)
}

/** Whether it has a gradient. */
export const isFloatInput = (spec: InputSpec): boolean => isFloat(spec.dtype)
