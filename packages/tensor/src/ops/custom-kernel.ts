import {
  type DType,
  DTypeError,
  distinct,
  ExprPool,
  expressions,
  kernelKey,
  type LoopKernel,
  LruCache,
  rebuild,
  ShapeError,
  type StoreStage,
} from '@tenon/kernel'
import { type CustomBackward, customRule } from '../custom-rule.ts'
import { coveredAxes } from '../lower/emitter.ts'
import type { KernelAttrs } from '../primitives.ts'
import { type Shape, showShape, sizeOf } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** What a kernel may depend on: equal ones get the same kernel. */
export interface TensorKind {
  readonly shape: Shape
  readonly dtype: DType
}

/** What `customKernel` is told of an op. */
export interface CustomKernelOptions<Inputs extends readonly Tensor[]> {
  /** Stands in errors. */
  readonly name: string
  /** What comes out. Default: what the first input is. */
  readonly infer?: (...inputs: { [I in keyof Inputs]: TensorKind }) => TensorKind
  /**
   * The loop, with expressions made in the pool `p`. Its buffers are the inputs in order, row-major, and then the output, which the last stage
   * alone stores, each element once. A load outside an input gives 0. It is made once for each combination of shapes and dtypes.
   */
  readonly kernel: (p: ExprPool, ...inputs: { [I in keyof Inputs]: TensorKind }) => Pick<LoopKernel, 'grid' | 'stages'>
  /** The gradients. Without them, a gradient through the output is an error. */
  readonly backward?: CustomBackward<Inputs>
}

/**
 * An op that is a loop of your own: for what no composition of ops says as well. It runs on every backend, inside jit and scan, and in one
 * program with what stands around it.
 *
 *     const logCosh = customKernel<[Tensor]>({
 *       name: 'logCosh',
 *       kernel: (p, { shape, dtype }) => {
 *         const n = shape.reduce((a, b) => a * b, 1)
 *         const i = p.index(0, n)
 *         const size = p.unary('abs', p.load(dtype, 0, i)) // |x| + log1p(exp(−2|x|)) − log 2, which does not overflow
 *         const tail = p.unary('log1p', p.unary('exp', p.binary('mul', size, p.literal(dtype, -2))))
 *         const value = p.binary('sub', p.binary('add', size, tail), p.literal(dtype, Math.LN2))
 *         return { grid: [n], stages: [{ kind: 'store', extents: [], buffer: 1, index: i, value }] }
 *       },
 *       backward: ({ dy, inputs: [x] }) => [dy.mul(tanh(x))],
 *     })
 *
 * @throws DTypeError, ShapeError or RangeError if the kernel is not as described above
 */
export function customKernel<Inputs extends readonly Tensor[]>(options: CustomKernelOptions<Inputs>): (...inputs: Inputs) => Tensor {
  const { name, infer, kernel, backward } = options
  const made = new LruCache<KernelAttrs>(64)
  const rule = backward && customRule(name, backward)

  const attrsFor = (inputs: readonly TensorKind[]): KernelAttrs => {
    const key = inputs.map(({ shape, dtype }) => `${dtype}${shape.join()}`).join(';')
    let attrs = made.get(key)
    if (!attrs) {
      const kinds = inputs.map(({ shape, dtype }) => ({ shape, dtype })) as { [I in keyof Inputs]: TensorKind }
      const output = infer ? infer(...kinds) : inputs[0]!
      const { grid, stages } = kernel(new ExprPool(), ...kinds)
      const buffers = [...inputs, output].map(({ shape, dtype }) => ({ dtype, length: sizeOf(shape) }))
      const loop: LoopKernel = { kind: 'loop', grid, stages, buffers, scalars: [] }
      check(name, loop)
      const text = kernelKey(loop)
      attrs = { name, shape: output.shape, dtype: output.dtype, body: { grid, stages, toJSON: () => text } }
      made.set(key, attrs)
    }
    return attrs
  }

  return (...inputs) => {
    const y = primitive('kernel', inputs, attrsFor(inputs))
    return rule ? primitive('custom', [y, ...inputs], { rule }) : y
  }
}

/** Everything that a backend relies on: a kernel that breaks it would read or write what is not its own. */
function check(name: string, kernel: LoopKernel): void {
  const { grid, stages, buffers } = kernel
  const last = stages.at(-1)
  if (last?.kind !== 'store' || stages.some((stage) => stage.kind === 'store' && stage !== last)) {
    throw new RangeError(`${name}: the last stage of a kernel stores its output, and no other does`)
  }
  const output = buffers.length - 1
  if (last.buffer !== output)
    throw new RangeError(`${name}: the output is buffer ${output}, and the kernel stores to buffer ${last.buffer}`)
  if (last.value.dtype !== buffers[output]!.dtype) {
    throw new DTypeError(`${name}: the output is ${buffers[output]!.dtype}, and the kernel stores ${last.value.dtype}; cast it with p.cast`)
  }
  for (const [s, stage] of stages.entries()) checkExpressions(name, kernel, s, [...grid, ...stage.extents])
  checkStore(name, last, [...grid, ...last.extents], buffers[output]!.length)
}

function checkExpressions(name: string, kernel: LoopKernel, at: number, extents: readonly number[]): void {
  const { stages, buffers } = kernel
  for (const e of distinct(expressions({ ...kernel, stages: [stages[at]!] }))) {
    if (e.op === 'index' && extents[e.axis] !== e.extent) {
      throw new RangeError(`${name}: stage ${at} has an index over ${e.extent} at axis ${e.axis}, and its axes are ${showShape(extents)}`)
    }
    if (e.op === 'load') {
      const buffer = buffers[e.buffer]
      if (!buffer || e.buffer === buffers.length - 1) {
        throw new RangeError(`${name}: stage ${at} loads from buffer ${e.buffer}, and there are ${buffers.length - 1} inputs`)
      }
      if (buffer.dtype !== e.dtype)
        throw new DTypeError(`${name}: stage ${at} loads ${e.dtype} from input ${e.buffer}, which is ${buffer.dtype}`)
    }
    if (e.op === 'register') {
      const stage = stages[e.stage]
      if (!stage || e.stage >= at || stage.kind !== 'reduce')
        throw new RangeError(`${name}: stage ${at} uses the result of stage ${e.stage}, and no earlier stage reduces there`)
      if (stage.dtype !== e.dtype)
        throw new DTypeError(`${name}: stage ${at} takes the result of stage ${e.stage} for ${e.dtype}, and it is ${stage.dtype}`)
    }
    if (e.op === 'scalar' || e.op === 'stored')
      throw new RangeError(`${name}: stage ${at} has a ${e.op}, which a kernel of your own has not; use a literal, or an input`)
  }
}

/** The store's index counts through the output: a sum of all axes, each times the number of elements that the axes below it count. */
function checkStore(name: string, { index }: StoreStage, extents: readonly number[], length: number): void {
  if (extents.some((n) => !Number.isInteger(n) || n < 0))
    throw new RangeError(`${name}: sizes of loops are whole numbers, got ${showShape(extents)}`)
  const points = sizeOf(extents)
  if (points !== length) throw new ShapeError(`${name}: the output has ${length} elements, and the kernel stores ${points}`)
  const pool = new ExprPool()
  const axes = coveredAxes(pool, rebuild(pool)(index), length)
  if (length > 0 && axes?.length !== extents.filter((n) => n > 1).length) {
    throw new RangeError(
      `${name}: the index of the store must count through the ${length} elements of the output, each once, as i · columns + j does`,
    )
  }
}
