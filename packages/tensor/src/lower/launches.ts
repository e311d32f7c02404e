/** Kernels of other kinds than loops: products, convolutions, scatters, lines, and those from outside. */
import type { Contraction, Convolution, Expr, Kernel, MatrixView, StoreStage } from '@tenon/kernel'
import { rebuild } from '@tenon/kernel'
import type { Fusion } from '../fuse.ts'
import type { Item } from '../graph.ts'
import { type AttrsOf, type ConvAttrs, flatten, type KernelAttrs, unflatten } from '../primitives.ts'
import { type Bare, Emitter, type Lowered, MustWrite, type View, write } from './emitter.ts'

/** A kernel of another kind than a loop, with its epilogue. Cuts the epilogue off where it does not fit. */
export function lowerLaunch(fusion: Fusion, end: number): Lowered | null {
  for (;;) {
    const path = fusion.launches.get(end)!
    const launch = path[0]!
    const emitter = new Emitter(fusion)
    emitter.grid = -1 // none of its points is a place for a reduction
    try {
      return emitter.lowered(build(fusion, emitter, path), [end])
    } catch (signal) {
      if (!(signal instanceof MustWrite)) throw signal
      write(fusion, signal.position)
      if (signal.position !== launch) continue
      fusion.launches.delete(end)
      fusion.launches.set(launch, [launch])
      return null
    }
  }
}

function build(fusion: Fusion, emitter: Emitter, path: readonly number[]): Bare<Kernel> {
  const item = fusion.items[path[0]!]!
  if (item.op === 'scatter') return scatter(emitter, path[0]!, item)
  if (item.op === 'kernel') return foreign(emitter, path[0]!, item)
  const axes = item.shape.map((size, d) => emitter.p.index(d, size))
  if (item.op === 'dot') return contraction(emitter, path, item, axes)
  return item.op === 'conv' ? convolution(emitter, path, item, axes) : lines(emitter, path[0]!, item, axes)
}

/** The store at the end of a launch whose own value, at these axes, is register 0. */
function epilogueStore(emitter: Emitter, path: readonly number[], axes: readonly Expr[]): StoreStage {
  const { p } = emitter
  const launch = path[0]!
  const end = path.at(-1)!
  emitter.define(launch, axes, p.register(emitter.item(launch).dtype, 0))
  let index: readonly Expr[] = axes
  for (const [i, position] of path.entries()) {
    const item = emitter.item(position)
    if (i === 0) continue
    if (item.op === 'reshape') index = unflatten(p, flatten(p, index, emitter.item(path[i - 1]!).shape), item.shape)
    if (item.op === 'permute') index = (item.attrs as AttrsOf['permute']).dims.map((d) => index[d]!)
  }
  const value = end === launch ? p.register(emitter.item(launch).dtype, 0) : emitter.compute(end, index, null)
  return {
    kind: 'store',
    extents: [],
    buffer: emitter.param(end),
    index: flatten(p, index, emitter.item(end).shape),
    value,
  }
}

function contraction(emitter: Emitter, path: readonly number[], item: Item, axes: readonly Expr[]): Bare<Contraction> {
  const [a, b] = item.inputs.map((input) => emitter.view(input))
  const matrix = ({ buffer, offset, strides }: View): MatrixView => ({
    buffer,
    offset,
    batchStrides: strides.slice(0, -2),
    rowStride: strides.at(-2)!,
    columnStride: strides.at(-1)!,
  })
  const [m, n] = item.shape.slice(-2) as [number, number]
  return {
    kind: 'contraction',
    dtype: item.dtype,
    batch: item.shape.slice(0, -2),
    m,
    n,
    k: emitter.item(item.inputs[0]!).shape.at(-1)!,
    a: matrix(a!),
    b: matrix(b!),
    stores: [epilogueStore(emitter, path, axes)],
  }
}

function convolution(emitter: Emitter, path: readonly number[], item: Item, axes: readonly Expr[]): Bare<Convolution> {
  const [x, w] = item.inputs.map((input) => emitter.view(input))
  const [xShape, wShape] = item.inputs.map((input) => emitter.item(input).shape)
  const { stride, padLow, dilation, inputDilation } = item.attrs as ConvAttrs
  return {
    kind: 'convolution',
    dtype: item.dtype,
    batch: xShape![0]!,
    groups: xShape![1]!,
    inChannels: xShape![2]!,
    outChannels: wShape![1]!,
    spatial: stride.map((s, d) => ({
      input: xShape![3 + d]!,
      kernel: wShape![3 + d]!,
      output: item.shape[3 + d]!,
      stride: s,
      dilation: dilation[d]!,
      inputDilation: inputDilation[d]!,
      padLow: padLow[d]!,
    })),
    x: {
      buffer: x!.buffer,
      offset: x!.offset,
      batch: x!.strides[0]!,
      group: x!.strides[1]!,
      channel: x!.strides[2]!,
      spatial: x!.strides.slice(3),
    },
    w: {
      buffer: w!.buffer,
      offset: w!.offset,
      group: w!.strides[0]!,
      out: w!.strides[1]!,
      in: w!.strides[2]!,
      spatial: w!.strides.slice(3),
    },
    stores: [epilogueStore(emitter, path, axes)],
  }
}

/** A kernel from outside, each of whose loads becomes what is at that place of the input; 0 where that is outside it. */
function foreign(emitter: Emitter, position: number, item: Item): Bare<Kernel> {
  const { p } = emitter
  const { grid, stages } = (item.attrs as KernelAttrs).body
  const make = rebuild(p, {
    load: ({ buffer }, index, valid) => {
      const input = item.inputs[buffer]!
      const { shape, size, dtype } = emitter.item(input)
      const zero = p.literal(dtype, 0)
      if (size === 0) return zero
      const inside = p.and(p.and(valid, p.binary('le', p.int(0), index)), p.binary('lt', index, p.int(size)))!
      const x = emitter.at(input, unflatten(p, index, shape), inside)
      return x.op === 'load' && x.valid === inside ? x : p.select(inside, x, zero)
    },
  })
  return {
    kind: 'loop',
    grid,
    stages: stages.map((stage) =>
      stage.kind === 'store'
        ? { ...stage, buffer: emitter.param(position), index: make(stage.index), value: make(stage.value) }
        : { ...stage, value: make(stage.value) },
    ),
  }
}

function scatter(emitter: Emitter, position: number, item: Item): Bare<Kernel> {
  const { p } = emitter
  const [base, picks, src] = item.inputs as [number, number, number]
  const { dim, op } = item.attrs as AttrsOf['scatter']
  const grid = emitter.item(picks).shape
  const index = grid.map((size, d) => p.index(d, size))
  const pick = emitter.at(picks, index, null)
  const inside = p.and(p.binary('le', p.int(0), pick), p.binary('lt', pick, p.int(item.shape[dim]!)))!
  const place = index.map((i, d) => (d === dim ? pick : i))
  const target = flatten(p, place, item.shape)
  return {
    kind: 'scatter',
    op,
    out: emitter.param(position),
    grid,
    initial: emitter.at(base, unflatten(p, p.index(0, item.size), item.shape), null),
    index: p.select(inside, target, p.int(-1)),
    value: emitter.at(src, index, null),
  }
}

function lines(emitter: Emitter, position: number, item: Item, axes: readonly Expr[]): Bare<Kernel> {
  const { dim: axis, descending, count } = item.attrs as AttrsOf['argsort']
  const common = { out: emitter.param(position), grid: item.shape, axis, value: emitter.at(item.inputs[0]!, axes, null) }
  if (item.op === 'argsort') return { kind: 'sort', descending, count, ...common }
  return { kind: 'prefixScan', op: item.op === 'cumsum' ? 'sum' : 'prod', ...common }
}
