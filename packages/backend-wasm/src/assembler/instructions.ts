/** Tables of instructions: by the type they work on, then by name. */
import { type Bytes, float32Bytes, float64Bytes, signed, unsigned } from './bytes.ts'
import { type Code, code, type F32, type I32, type Statement, type V128, type ValueType } from './code.ts'

type Table<Names extends string, F> = Readonly<Record<Names, F>>
type Unary<T extends ValueType, R extends ValueType> = (x: Code<T>) => Code<R>
type Binary<T extends ValueType, R extends ValueType> = (a: Code<T>, b: Code<T>) => Code<R>
type Ternary = (a: V128, b: V128, c: V128) => V128
type Shift = (x: V128, count: I32) => V128
type Load<T extends ValueType> = (address: I32, offset?: number) => Code<T>
type Store<T extends ValueType> = (address: I32, value: Code<T>, offset?: number) => Statement

const unary =
  <T extends ValueType, R extends ValueType>(_: T, result: R, ...op: Bytes[]): Unary<T, R> =>
  (x) =>
    code(result, x.bytes, op)
const binary =
  <T extends ValueType, R extends ValueType>(_: T, result: R, ...op: Bytes[]): Binary<T, R> =>
  (a, b) =>
    code(result, a.bytes, b.bytes, op)

const simd = (n: number): Bytes => [0xfd, unsigned(n)]
const vectorUnary = (n: number): Unary<'v128', 'v128'> => unary('v128', 'v128', simd(n))
const vectorBinary = (n: number): Binary<'v128', 'v128'> => binary('v128', 'v128', simd(n))
const vectorTest = (n: number): Unary<'v128', 'i32'> => unary('v128', 'i32', simd(n))
const vectorTernary =
  (n: number): Ternary =>
  (a, b, c) =>
    code('v128', a.bytes, b.bytes, c.bytes, simd(n))
const vectorShift =
  (n: number): Shift =>
  (x, count) =>
    code('v128', x.bytes, count.bytes, simd(n))

/** The alignment is given as 1 byte: it is a hint, and the buffers' own alignment is better anyway. */
const load =
  <T extends ValueType>(type: T, ...op: Bytes[]): Load<T> =>
  (address, offset = 0) =>
    code(type, address.bytes, op, 0, unsigned(offset))
const store =
  <T extends ValueType>(_: T, ...op: Bytes[]): Store<T> =>
  (address, value, offset = 0) =>
    code('none', address.bytes, value.bytes, op, 0, unsigned(offset))

// ── scalars ──

export const i32: Table<'eqz', Unary<'i32', 'i32'>> &
  Table<
    | 'eq'
    | 'ne'
    | 'ltS'
    | 'ltU'
    | 'gtS'
    | 'gtU'
    | 'leS'
    | 'leU'
    | 'geS'
    | 'geU'
    | 'add'
    | 'sub'
    | 'mul'
    | 'divS'
    | 'divU'
    | 'remS'
    | 'remU'
    | 'and'
    | 'or'
    | 'xor'
    | 'shl'
    | 'shrS'
    | 'shrU',
    Binary<'i32', 'i32'>
  > &
  Table<'truncSatF32S' | 'truncSatF32U' | 'reinterpretF32', Unary<'f32', 'i32'>> &
  Table<'load' | 'load8U', Load<'i32'>> &
  Table<'store' | 'store8', Store<'i32'>> & { readonly const: (value: number) => I32 } = {
  const: (value: number): I32 => code('i32', 0x41, signed(value)),
  eqz: unary('i32', 'i32', 0x45),
  eq: binary('i32', 'i32', 0x46),
  ne: binary('i32', 'i32', 0x47),
  ltS: binary('i32', 'i32', 0x48),
  ltU: binary('i32', 'i32', 0x49),
  gtS: binary('i32', 'i32', 0x4a),
  gtU: binary('i32', 'i32', 0x4b),
  leS: binary('i32', 'i32', 0x4c),
  leU: binary('i32', 'i32', 0x4d),
  geS: binary('i32', 'i32', 0x4e),
  geU: binary('i32', 'i32', 0x4f),
  add: binary('i32', 'i32', 0x6a),
  sub: binary('i32', 'i32', 0x6b),
  mul: binary('i32', 'i32', 0x6c),
  divS: binary('i32', 'i32', 0x6d),
  divU: binary('i32', 'i32', 0x6e),
  remS: binary('i32', 'i32', 0x6f),
  remU: binary('i32', 'i32', 0x70),
  and: binary('i32', 'i32', 0x71),
  or: binary('i32', 'i32', 0x72),
  xor: binary('i32', 'i32', 0x73),
  shl: binary('i32', 'i32', 0x74),
  shrS: binary('i32', 'i32', 0x75),
  shrU: binary('i32', 'i32', 0x76),
  truncSatF32S: unary('f32', 'i32', 0xfc, 0),
  truncSatF32U: unary('f32', 'i32', 0xfc, 1),
  reinterpretF32: unary('f32', 'i32', 0xbc),
  load: load('i32', 0x28),
  load8U: load('i32', 0x2d),
  store: store('i32', 0x36),
  store8: store('i32', 0x3a),
}

export const f32: Table<'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge', Binary<'f32', 'i32'>> &
  Table<'abs' | 'neg' | 'ceil' | 'floor' | 'nearest' | 'sqrt', Unary<'f32', 'f32'>> &
  Table<'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', Binary<'f32', 'f32'>> &
  Table<'convertI32S' | 'convertI32U' | 'reinterpretI32', Unary<'i32', 'f32'>> &
  Table<'load', Load<'f32'>> &
  Table<'store', Store<'f32'>> & { readonly const: (value: number) => F32 } = {
  const: (value: number): F32 => code('f32', 0x43, float32Bytes(value)),
  eq: binary('f32', 'i32', 0x5b),
  ne: binary('f32', 'i32', 0x5c),
  lt: binary('f32', 'i32', 0x5d),
  gt: binary('f32', 'i32', 0x5e),
  le: binary('f32', 'i32', 0x5f),
  ge: binary('f32', 'i32', 0x60),
  abs: unary('f32', 'f32', 0x8b),
  neg: unary('f32', 'f32', 0x8c),
  ceil: unary('f32', 'f32', 0x8d),
  floor: unary('f32', 'f32', 0x8e),
  nearest: unary('f32', 'f32', 0x90),
  sqrt: unary('f32', 'f32', 0x91),
  add: binary('f32', 'f32', 0x92),
  sub: binary('f32', 'f32', 0x93),
  mul: binary('f32', 'f32', 0x94),
  div: binary('f32', 'f32', 0x95),
  min: binary('f32', 'f32', 0x96),
  max: binary('f32', 'f32', 0x97),
  convertI32S: unary('i32', 'f32', 0xb2),
  convertI32U: unary('i32', 'f32', 0xb3),
  reinterpretI32: unary('i32', 'f32', 0xbe),
  load: load('f32', 0x2a),
  store: store('f32', 0x38),
}

// ── vectors ──

const splatBytes = (bytes: Uint8Array): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => bytes[i % bytes.length]!)
const constant = (bytes: Uint8Array): V128 => code('v128', simd(0x0c), bytes)

export const v128: Table<'load' | 'load32Splat' | 'load32Zero', Load<'v128'>> &
  Table<'store', Store<'v128'>> &
  Table<'bitselect', Ternary> &
  Table<'not', Unary<'v128', 'v128'>> &
  Table<'and' | 'andnot' | 'or' | 'xor', Binary<'v128', 'v128'>> &
  Table<'anyTrue', Unary<'v128', 'i32'>> & {
    readonly zero: V128
    readonly load32Lane: (address: I32, vector: V128, lane: number, offset?: number) => V128
    readonly store32Lane: (address: I32, vector: V128, lane: number, offset?: number) => Statement
  } = {
  load: load('v128', simd(0x00)),
  load32Splat: load('v128', simd(0x09)),
  load32Zero: load('v128', simd(0x5c)),
  load32Lane: (address: I32, vector: V128, lane: number, offset = 0): V128 =>
    code('v128', address.bytes, vector.bytes, simd(0x56), 0, unsigned(offset), lane),
  store: store('v128', simd(0x0b)),
  store32Lane: (address: I32, vector: V128, lane: number, offset = 0): Statement =>
    code('none', address.bytes, vector.bytes, simd(0x5a), 0, unsigned(offset), lane),
  zero: constant(new Uint8Array(16)),
  not: vectorUnary(0x4d),
  and: vectorBinary(0x4e),
  /** a and not b. */
  andnot: vectorBinary(0x4f),
  or: vectorBinary(0x50),
  xor: vectorBinary(0x51),
  /** Bits of a where c has ones, of b elsewhere. */
  bitselect: vectorTernary(0x52),
  anyTrue: vectorTest(0x53),
}

export const i8x16: { readonly shuffle: (a: V128, b: V128, lanes: readonly number[]) => V128 } = {
  /** Bytes 0…15 of the lanes come from a, 16…31 from b. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 => code('v128', a.bytes, b.bytes, simd(0x0d), [...lanes]),
}

/** A shuffle of 32-bit lanes: 0…3 come from a, 4…7 from b. */
export const shuffle32 = (a: V128, b: V128, lanes: readonly [number, number, number, number]): V128 =>
  i8x16.shuffle(
    a,
    b,
    lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  )

export const i16x8: Table<'extendLowU8', Unary<'v128', 'v128'>> = {
  extendLowU8: vectorUnary(0x89),
}

export const i32x4: Table<'splat', Unary<'i32', 'v128'>> &
  Table<
    'eq' | 'ne' | 'ltS' | 'ltU' | 'gtS' | 'gtU' | 'leS' | 'leU' | 'add' | 'sub' | 'mul' | 'minS' | 'minU' | 'maxS' | 'maxU',
    Binary<'v128', 'v128'>
  > &
  Table<'extendLowU16' | 'abs' | 'neg' | 'truncSatF32S' | 'truncSatF32U' | 'truncSatF64SZero', Unary<'v128', 'v128'>> &
  Table<'allTrue', Unary<'v128', 'i32'>> &
  Table<'shl' | 'shrS' | 'shrU', Shift> & {
    readonly const: (value: number) => V128
    readonly lanes: (a: number, b: number, c: number, d: number) => V128
    readonly extract: (x: V128, lane: number) => I32
    readonly replace: (x: V128, lane: number, value: I32) => V128
  } = {
  const: (value: number): V128 => constant(splatBytes(new Uint8Array(new Int32Array([value]).buffer))),
  lanes: (...values): V128 => constant(new Uint8Array(Int32Array.from(values).buffer)),
  splat: unary('i32', 'v128', simd(0x11)),
  extract: (x: V128, lane: number): I32 => code('i32', x.bytes, simd(0x1b), lane),
  replace: (x: V128, lane: number, value: I32): V128 => code('v128', x.bytes, value.bytes, simd(0x1c), lane),
  eq: vectorBinary(0x37),
  ne: vectorBinary(0x38),
  ltS: vectorBinary(0x39),
  ltU: vectorBinary(0x3a),
  gtS: vectorBinary(0x3b),
  gtU: vectorBinary(0x3c),
  leS: vectorBinary(0x3d),
  leU: vectorBinary(0x3e),
  extendLowU16: vectorUnary(0xa9),
  abs: vectorUnary(0xa0),
  neg: vectorUnary(0xa1),
  allTrue: vectorTest(0xa3),
  shl: vectorShift(0xab),
  shrS: vectorShift(0xac),
  shrU: vectorShift(0xad),
  add: vectorBinary(0xae),
  sub: vectorBinary(0xb1),
  mul: vectorBinary(0xb5),
  minS: vectorBinary(0xb6),
  minU: vectorBinary(0xb7),
  maxS: vectorBinary(0xb8),
  maxU: vectorBinary(0xb9),
  truncSatF32S: vectorUnary(0xf8),
  truncSatF32U: vectorUnary(0xf9),
  truncSatF64SZero: vectorUnary(0xfc),
}

export const f32x4: Table<'splat', Unary<'f32', 'v128'>> &
  Table<'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge' | 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'pmin' | 'pmax', Binary<'v128', 'v128'>> &
  Table<'ceil' | 'floor' | 'nearest' | 'abs' | 'neg' | 'sqrt' | 'convertI32S' | 'convertI32U' | 'demoteF64Zero', Unary<'v128', 'v128'>> &
  Table<'relaxedMadd', Ternary> & {
    readonly const: (value: number) => V128
    readonly extract: (x: V128, lane: number) => F32
    readonly replace: (x: V128, lane: number, value: F32) => V128
  } = {
  const: (value: number): V128 => constant(splatBytes(float32Bytes(value))),
  splat: unary('f32', 'v128', simd(0x13)),
  extract: (x: V128, lane: number): F32 => code('f32', x.bytes, simd(0x1f), lane),
  replace: (x: V128, lane: number, value: F32): V128 => code('v128', x.bytes, value.bytes, simd(0x20), lane),
  eq: vectorBinary(0x41),
  ne: vectorBinary(0x42),
  lt: vectorBinary(0x43),
  gt: vectorBinary(0x44),
  le: vectorBinary(0x45),
  ge: vectorBinary(0x46),
  ceil: vectorUnary(0x67),
  floor: vectorUnary(0x68),
  nearest: vectorUnary(0x6a),
  abs: vectorUnary(0xe0),
  neg: vectorUnary(0xe1),
  sqrt: vectorUnary(0xe3),
  add: vectorBinary(0xe4),
  sub: vectorBinary(0xe5),
  mul: vectorBinary(0xe6),
  div: vectorBinary(0xe7),
  min: vectorBinary(0xe8),
  max: vectorBinary(0xe9),
  /** b < a ? b : a, and a < b ? b : a: one instruction each, where min and max are eight. A NaN in a passes, one in b does not. */
  pmin: vectorBinary(0xea),
  pmax: vectorBinary(0xeb),
  convertI32S: vectorUnary(0xfa),
  convertI32U: vectorUnary(0xfb),
  demoteF64Zero: vectorUnary(0x5e),
  /** a·b + c, rounded once or twice as the machine likes. */
  relaxedMadd: vectorTernary(0x105),
}

export const f64x2: Table<'eq' | 'lt' | 'gt' | 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', Binary<'v128', 'v128'>> &
  Table<'promoteLowF32' | 'floor' | 'nearest' | 'convertLowI32S' | 'abs' | 'neg', Unary<'v128', 'v128'>> & {
    readonly const: (value: number) => V128
  } = {
  const: (value: number): V128 => constant(splatBytes(float64Bytes(value))),
  eq: vectorBinary(0x47),
  lt: vectorBinary(0x49),
  gt: vectorBinary(0x4a),
  promoteLowF32: vectorUnary(0x5f),
  floor: vectorUnary(0x75),
  nearest: vectorUnary(0x94),
  convertLowI32S: vectorUnary(0xfe),
  abs: vectorUnary(0xec),
  neg: vectorUnary(0xed),
  add: vectorBinary(0xf0),
  sub: vectorBinary(0xf1),
  mul: vectorBinary(0xf2),
  div: vectorBinary(0xf3),
  min: vectorBinary(0xf4),
  max: vectorBinary(0xf5),
}

export const i64x2: Table<'shl' | 'shrS' | 'shrU', Shift> &
  Table<'add' | 'sub', Binary<'v128', 'v128'>> &
  Table<'extendLowS32', Unary<'v128', 'v128'>> = {
  shl: vectorShift(0xcb),
  shrS: vectorShift(0xcc),
  shrU: vectorShift(0xcd),
  add: vectorBinary(0xce),
  sub: vectorBinary(0xd1),
  extendLowS32: vectorUnary(0xc7),
}

/** Copies `size` bytes; the areas may overlap. */
export const memoryCopy = (to: I32, from: I32, size: I32): Statement => code('none', to.bytes, from.bytes, size.bytes, 0xfc, 10, 0, 0)
export const memoryFill = (to: I32, byte: I32, size: I32): Statement => code('none', to.bytes, byte.bytes, size.bytes, 0xfc, 11, 0)

// ── threads: these need shared memory, and addresses that are multiples of four ──

const atomic = (n: number): Bytes => [0xfe, n, 2, 0]

export const atomicLoad = (address: I32): I32 => code('i32', address.bytes, atomic(0x10))
export const atomicStore = (address: I32, value: I32): Statement => code('none', address.bytes, value.bytes, atomic(0x17))
/** Leaves what was there before. */
export const atomicAdd = (address: I32, value: I32): I32 => code('i32', address.bytes, value.bytes, atomic(0x1e))
/** Sleeps while the word is what is expected, until it is notified or the time is over. Leaves 0 when it was notified, 1 when the word was another, 2 after the time. */
export const atomicWait = (address: I32, expected: I32, nanoseconds: number): I32 =>
  code('i32', address.bytes, expected.bytes, 0x42, signed(nanoseconds), atomic(0x01))
/** Wakes so many of those who wait, and leaves their number. */
export const atomicNotify = (address: I32, count: I32): I32 => code('i32', address.bytes, count.bytes, atomic(0x00))
