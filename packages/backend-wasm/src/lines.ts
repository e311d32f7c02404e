/**
 * Prefix scans and sorts. The values are written to where the results will be, by a loop kernel; then every line becomes its result in place.
 * Lines are independent of one another.
 */
import { type DType, ExprPool, type PrefixScan, product, rebuild, type Sort } from '@tenon/kernel'
import { choose, doWhile, type I32, loopWhile, type Statement, sequence } from './assembler/code.ts'
import { f32, f32x4, f64x2, i32, memoryFill, v128 } from './assembler/instructions.ts'
import type { FunctionBuilder, Local } from './assembler/module.ts'
import { minimum, plus, times, Writer } from './assembler/writer.ts'
import { compilePiece, type LoopFunction, type ModuleContext } from './loops/compile.ts'

const word = 4
/** A value's sort key and its position. */
const entry = 8
/** Of keys, as far as they are counted. */
const digitBits = 8
const digits = 2 ** digitBits
/** Shortest line in which counting is faster than comparing. */
const fewestToCount = 64
/** Shortest line in which it is worth it to leave out what is not among the first; and how many bits of a key say that. */
const fewestToSelect = 512
const selectBits = 11

export function compileLines(context: ModuleContext, kernel: PrefixScan | Sort): LoopFunction | null {
  const { grid, axis, out } = kernel
  if (product(grid) === 0) return null
  const cut = grid.findIndex((extent, d) => d !== axis && extent > 1)
  const fill = compileFill(context, kernel, cut < 0 ? [] : [cut])
  const computeLine = kernel.kind === 'sort' ? compileSort(context, kernel) : compileScan(context, kernel)

  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, scratch] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const w = new Writer(f)
  w.add(cut < 0 ? fill.call(args) : fill.call(args, begin, end))
  const data = w.keep(i32.load(args, word * out))
  // A block is what lies between two steps of the axes before `axis`; its lines begin side by side.
  const [length, stride] = [grid[axis]!, product(grid.slice(axis + 1))]
  const lines = product(cut < axis ? grid.slice(cut + 1, axis) : grid.slice(cut + 1))
  const part = [times(begin, lines), times(end, lines)] as const
  const [firstBlock, lastBlock] = cut >= 0 && cut < axis ? part : [i32.const(0), i32.const(1)]
  const [firstLine, lastLine] = cut > axis ? part : [i32.const(0), i32.const(stride)]
  w.loop(firstBlock, lastBlock, 1, (block, inBlock) => {
    const start = inBlock.keep(plus(data, times(block, word * length * stride)))
    inBlock.loop(firstLine, lastLine, 1, (line, inLine) => inLine.add(computeLine.call(plus(start, times(line, word)), scratch)))
  })
  f.add(w.code)
  return { f, extent: cut < 0 ? 1 : grid[cut]!, scratchBytes: kernel.kind === 'sort' ? 2 * entry * length + word * 2 ** selectBits : 0 }
}

/** A function of (arguments, and begin and end of the ranged axis) that stores the values, 4 bytes each, in the output. */
function compileFill(context: ModuleContext, { buffers, scalars, grid, out, value }: PrefixScan | Sort, ranged: readonly number[]) {
  const pool = new ExprPool()
  const copied = rebuild(pool)(value)
  const stored = copied.dtype === 'bool' ? pool.cast('int32', copied) : copied
  const index = grid.reduce((flat, extent, d) => pool.scaleAdd(flat, extent, pool.index(d, extent)), pool.int(0))
  const params = buffers.with(out, { ...buffers[out]!, dtype: stored.dtype })
  const store = { kind: 'store', extents: [], buffer: out, index, value: stored } as const
  return compilePiece(context, { kernel: { kind: 'loop', buffers: params, scalars, grid, stages: [store] }, scratchBuffers: 0, ranged })
}

/** A function of (address of a line, scratch). */
type LineFunction = FunctionBuilder<'none'>

/** Calls the body with the address of each of the line's elements, or of the first ones, and its position. */
function forElements(
  w: Writer,
  f: LineFunction,
  { grid, axis }: PrefixScan | Sort,
  body: (at: I32, position: I32, w: Writer) => void,
  count: number = grid[axis]!,
): void {
  const at = f.local('i32')
  w.add(at.set(f.param(0, 'i32').get))
  w.loop(i32.const(0), i32.const(count), 1, (position, inside) => {
    body(at.get, position, inside)
    inside.add(at.set(plus(at.get, i32.const(word * product(grid.slice(axis + 1))))))
  })
}

/** Floats in double, rounded where they are stored: as backend-cpu does it, to the bit. */
function compileScan(context: ModuleContext, kernel: PrefixScan): LineFunction {
  const f = context.module.function(['i32', 'i32'], 'none')
  const w = new Writer(f)
  const isSum = kernel.op === 'sum'
  if (kernel.value.dtype === 'float32') {
    const total = f.local('v128')
    const combine = isSum ? f64x2.add : f64x2.mul
    w.add(total.set(f64x2.const(isSum ? 0 : 1)))
    forElements(w, f, kernel, (at, _, inside) => {
      inside.add(total.set(combine(total.get, f64x2.promoteLowF32(v128.load32Zero(at)))))
      inside.add(v128.store32Lane(at, f32x4.demoteF64Zero(total.get), 0))
    })
  } else {
    const total = f.local('i32')
    const combine = isSum ? i32.add : i32.mul
    w.add(total.set(i32.const(isSum ? 0 : 1)))
    forElements(w, f, kernel, (at, _, inside) => inside.add(i32.store(at, total.tee(combine(total.get, i32.load(at))))))
  }
  f.add(w.code)
  return f
}

/** Of keys with their positions, between two halves of the scratch memory: short lines by merging, long ones by counting the digits of the keys. */
function compileSort(context: ModuleContext, kernel: Sort): LineFunction {
  const length = kernel.grid[kernel.axis]!
  const f = context.module.function(['i32', 'i32'], 'none')
  const w = new Writer(f)
  const scratch = f.param(1, 'i32').get
  const other = w.keep(plus(scratch, i32.const(entry * length)))
  const counts = w.keep(plus(scratch, i32.const(2 * entry * length)))
  const greatest = isSelection(kernel) ? greatestKey(w, f, kernel, counts) : null
  const end = f.local('i32')
  w.add(end.set(scratch))
  forElements(w, f, kernel, (at, position, inside) => {
    const key = inside.keep(sortKey(inside, f, kernel, at))
    inside.add(i32.store(end.get, key), i32.store(end.get, position, word))
    inside.add(end.set(plus(end.get, greatest ? times(i32.leS(key, greatest), entry) : i32.const(entry))))
  })
  let [from, to] = [scratch, other]
  const pass = (run: (from: I32, to: I32) => Statement): void => {
    w.add(run(from, to))
    ;[from, to] = [to, from]
  }
  if (length < fewestToCount) {
    const merge = compileMergePass(context, length)
    for (let width = 1; width < length; width *= 2) pass((a, b) => merge.call(a, b, i32.const(entry * width)))
  } else {
    const count = compileCountingPass(context)
    const size = w.keep(i32.sub(end.get, scratch))
    for (let shift = 0; shift < 32; shift += digitBits) pass((a, b) => count.call(a, b, size, i32.const(shift), counts))
  }
  const store = (at: I32, position: I32, inside: Writer): void =>
    inside.add(i32.store(at, i32.load(plus(from, times(position, entry)), word)))
  forElements(w, f, kernel, store, kernel.count)
  f.add(w.code)
  return f
}

/** Whether what is not among the first is left out before the sort. */
const isSelection = ({ grid, axis, count }: Sort): boolean => grid[axis]! >= fewestToSelect && 4 * count <= grid[axis]!

/** The greatest key with the highest bits of the `count`-th in order: what exceeds it is not among the first. */
function greatestKey(w: Writer, f: LineFunction, kernel: Sort, counts: I32): I32 {
  const lowBits = 32 - selectBits
  w.add(memoryFill(counts, i32.const(0), i32.const(word * 2 ** selectBits)))
  forElements(w, f, kernel, (at, _, inside) => {
    const digit = i32.shrU(unsigned(sortKey(inside, f, kernel, at)), i32.const(lowBits))
    const place = inside.keep(plus(counts, times(digit, word)))
    inside.add(i32.store(place, plus(i32.load(place), i32.const(1))))
  })
  const [at, left] = [f.local('i32'), f.local('i32')]
  w.add(at.set(counts), left.set(i32.sub(i32.const(kernel.count), i32.load(counts))))
  const next = sequence(at.set(plus(at.get, i32.const(word))), left.set(i32.sub(left.get, i32.load(at.get))))
  w.add(loopWhile(i32.gtS(left.get, i32.const(0)), next))
  const digit = i32.shrU(i32.sub(at.get, counts), i32.const(Math.log2(word)))
  return w.keep(unsigned(i32.or(i32.shl(digit, i32.const(lowBits)), i32.const(2 ** lowBits - 1))))
}

/** With the sign bit turned over, negative keys come first as unsigned numbers; and back. */
const unsigned = (key: I32): I32 => i32.xor(key, i32.const(-0x80000000))

/** An int32 for the value at an address: the later one of two values has the greater key. */
function sortKey(w: Writer, f: LineFunction, { value, descending }: Sort, at: I32): I32 {
  const key = risingKey(w, f, value.dtype, at)
  return descending ? i32.xor(key, i32.const(-1)) : key
}

function risingKey(w: Writer, f: LineFunction, dtype: DType, at: I32): I32 {
  const value = i32.load(at)
  if (dtype === 'uint32') return unsigned(value)
  if (dtype !== 'float32') return value
  const bits = w.keep(value)
  const x = f.local('f32')
  w.add(x.set(f32.load(at)))
  // The bits of a float are its sign and then its magnitude; flipped, those of negative numbers rise with them.
  const flipped = i32.xor(bits, i32.shrU(i32.shrS(bits, i32.const(31)), i32.const(1)))
  const ofNumber = choose(f32.eq(x.get, f32.const(0)), i32.const(0), flipped) // −0 equals 0
  return choose(f32.ne(x.get, x.get), i32.const(0x7fffffff), ofNumber)
}

/** A function of (from, to, bytes of a run) that merges sorted runs, two and two. */
function compileMergePass(context: ModuleContext, length: number): FunctionBuilder<'none'> {
  const f = context.module.function(['i32', 'i32', 'i32'], 'none')
  const [from, to, run] = [0, 1, 2].map((i) => f.param(i, 'i32').get) as [I32, I32, I32]
  const [start, left, right] = [0, 1, 2].map(() => f.local('i32')) as [Local<'i32'>, Local<'i32'>, Local<'i32'>]
  const all = i32.const(entry * length)
  const pair = new Writer(f)
  const middle = pair.keep(minimum(plus(start.get, run), all))
  const end = pair.keep(minimum(plus(middle, run), all))
  pair.add(left.set(start.get), right.set(middle))
  // Without a branch that would be guessed wrong every second time. What lies past the end of a run may be read, and is not taken.
  pair.loop(start.get, end, entry, (at, w) => {
    const isLess = i32.ltS(i32.load(plus(from, right.get)), i32.load(plus(from, left.get)))
    const takesRight = w.keep(i32.and(i32.ltS(right.get, end), i32.or(i32.geS(left.get, middle), isLess)))
    const [source, target] = [w.keep(plus(from, choose(takesRight, right.get, left.get))), w.keep(plus(to, at))]
    w.add(i32.store(target, i32.load(source)), i32.store(target, i32.load(source, word), word))
    const step = w.keep(times(takesRight, entry))
    w.add(right.set(plus(right.get, step)), left.set(i32.sub(plus(left.get, i32.const(entry)), step)))
  })
  pair.add(start.set(end))
  f.add(start.set(i32.const(0)), doWhile(pair.code, i32.ltS(start.get, all)))
  return f
}

/** A function of (from, to, bytes, shift, counts) that orders entries by the eight bits of their keys from `shift` on, equals as they were. */
function compileCountingPass(context: ModuleContext): FunctionBuilder<'none'> {
  const f = context.module.function(['i32', 'i32', 'i32', 'i32', 'i32'], 'none')
  const [from, to, size, shift, counts] = [0, 1, 2, 3, 4].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32, I32]
  const w = new Writer(f)
  const end = w.keep(plus(from, size))
  /** Where the count of an entry's digit is. */
  const countOf = (at: I32): I32 => {
    const digit = i32.and(i32.shrU(unsigned(i32.load(at)), shift), i32.const(digits - 1))
    return plus(counts, times(digit, word))
  }
  w.add(memoryFill(counts, i32.const(0), i32.const(word * digits)))
  w.loop(from, end, entry, (at, each) => {
    const count = each.keep(countOf(at))
    each.add(i32.store(count, plus(i32.load(count), i32.const(entry))))
  })
  // Counts, in bytes, become the places where the first entry of each digit goes.
  const next = f.local('i32')
  w.add(next.set(to))
  w.loop(counts, w.keep(plus(counts, i32.const(word * digits))), word, (at, each) => {
    const bytes = each.keep(i32.load(at))
    each.add(i32.store(at, next.get), next.set(plus(next.get, bytes)))
  })
  w.loop(from, end, entry, (at, each) => {
    const count = each.keep(countOf(at))
    const place = each.keep(i32.load(count))
    each.add(i32.store(place, i32.load(at)), i32.store(place, i32.load(at, word), word), i32.store(count, plus(place, i32.const(entry))))
  })
  f.add(w.code)
  return f
}
