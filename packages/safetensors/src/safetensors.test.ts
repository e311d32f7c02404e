import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, SafetensorsError, type TensorEntry } from './index.ts'

/** A file from the text of its header, with the length in front, and the bytes of its data. */
const file = (header: string, data: Iterable<number> = []): Uint8Array => {
  const text = new TextEncoder().encode(header)
  const bytes = new Uint8Array([...new Uint8Array(8), ...text, ...data])
  new DataView(bytes.buffer).setUint32(0, text.length, true)
  return bytes
}

const float32 = (shape: number[], ...values: number[]): TensorEntry => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
})

/** One tensor of each dtype, a scalar and an empty one among them. */
const sample: Record<string, TensorEntry> = {
  weight: float32([2, 3], 0, 1, -2, 0.5, Number.POSITIVE_INFINITY, 1e-45),
  'head.bias': { dtype: 'float64', shape: [], data: Float64Array.of(Math.PI) },
  steps: { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) },
  state: { dtype: 'uint32', shape: [1, 1], data: Uint32Array.of(2 ** 32 - 1) },
  mask: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
  none: float32([4, 0]),
}

describe('encode', () => {
  it('writes the layout of the format, byte for byte', () => {
    const bytes = encode({ a: float32([2], 1, -2) })
    // 8 bytes of length, the header, spaces up to a multiple of 8, the numbers.
    const header = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  '
    expect(header.length % 8).toBe(0)
    expect([...bytes]).toEqual([...file(header, [0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0])])
    expect([...bytes.subarray(0, 8)]).toEqual([0x38, 0, 0, 0, 0, 0, 0, 0])
  })

  it('writes an empty file and metadata as the reference does', () => {
    expect([...encode({})]).toEqual([...file('{}      ')])
    const header = '{"__metadata__":{"format":"pt"},"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}    '
    const one: TensorEntry = { dtype: 'float64', shape: [], data: Float64Array.of(1) }
    expect([...encode({ s: one }, { format: 'pt' })]).toEqual([...file(header, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])])
  })

  it('lays tensors out widest dtype first, then by name, whatever order they come in', () => {
    const names = (bytes: Uint8Array) => [...new TextDecoder().decode(bytes).matchAll(/"([^"]+)":\{/g)].map((match) => match[1])
    expect(names(encode(sample))).toEqual(['head.bias', 'none', 'weight', 'state', 'steps', 'mask'])
    const reversed = Object.fromEntries(Object.entries(sample).reverse())
    expect(encode(reversed)).toEqual(encode(sample))
  })

  it('keeps names that look like numbers, and sorts by code point', () => {
    const one = float32([1], 1)
    const text = new TextDecoder().decode(encode({ '\u{1f600}': one, '\uffee': one, b: one, 10: one, 9: one }))
    expect(['"10"', '"9"', '"b"', '"\uffee"', '"\u{1f600}"'].map((name) => text.indexOf(name))).toEqual(
      ['"10"', '"9"', '"b"', '"\uffee"', '"\u{1f600}"'].map((name) => text.indexOf(name)).sort((a, b) => a - b),
    )
  })

  it.each<[string, Record<string, TensorEntry>, RegExp]>([
    ['a name that is reserved', { __metadata__: float32([1], 1) }, /__metadata__.*keeps for metadata/],
    ['a name that UTF-8 cannot say', { '\ud800': float32([1], 1) }, /well-formed Unicode/],
    ['a shape that the numbers do not fill', { a: float32([3], 1, 2) }, /'a' has 2 numbers.*\[3\]/],
    ['a negative dimension', { a: float32([-1, -2], 1, 2) }, /do not fill the shape \[-1, -2\]/],
    ['an array of another type', { a: { ...float32([1], 1), data: Int32Array.of(1) } }, /is float32, but its data is a Int32Array/],
    ['a bool that is neither', { a: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 2) } }, /element 1 is 2/],
    ['a dtype that does not exist', { a: { ...float32([1], 1), dtype: 'float16' as 'float32' } }, /dtype float16; writable are/],
  ])('refuses %s', (_, tensors, message) => {
    expect(() => encode(tensors)).toThrow(SafetensorsError)
    expect(() => encode(tensors)).toThrow(message)
  })

  it('refuses metadata that is not strings', () => {
    expect(() => encode({}, { epoch: 3 as unknown as string })).toThrow(/'epoch' is 3/)
  })
})

describe('decode', () => {
  it('gives back what encode was given', () => {
    const metadata = { note: 'ünïcödé "quoted" \\ \n', empty: '' }
    expect(decode(encode(sample, metadata))).toEqual({ tensors: sample, metadata })
  })

  it('gives back any tensors, at any alignment, from a Buffer too', () => {
    const entry = fc.tuple(fc.array(fc.nat(3), { maxLength: 4 }), fc.constantFrom('float64', 'float32', 'int32', 'uint32', 'bool'))
    const names = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__metadata__')
    fc.assert(
      fc.property(fc.dictionary(names, entry), fc.nat(9), (shapes, offset) => {
        const arrays = {
          float64: Float64Array,
          float32: Float32Array,
          int32: Int32Array,
          uint32: Uint32Array,
          bool: Uint8Array,
        }
        const tensors = Object.fromEntries(
          Object.entries(shapes).map(([name, [shape, dtype]]) => {
            const size = shape.reduce((product, dim) => product * dim, 1)
            return [
              name,
              {
                dtype,
                shape,
                data: arrays[dtype as 'bool'].from({ length: size }, (_, i) => (dtype === 'bool' ? i % 2 : i)),
              },
            ]
          }),
        ) as Record<string, TensorEntry>
        const bytes = encode(tensors)
        const moved = Buffer.alloc(bytes.length + offset)
        moved.set(bytes, offset)
        const decoded = decode(moved.subarray(offset)).tensors
        expect(Object.keys(decoded).sort()).toEqual(Object.keys(tensors).sort())
        for (const [name, each] of Object.entries(tensors)) expect(decoded[name]).toEqual(each)
      }),
      { numRuns: 200 },
    )
  })

  it('copies nothing where alignment allows', () => {
    const bytes = encode({ a: float32([2], 1, 2) })
    expect(decode(bytes).tensors.a?.data.buffer).toBe(bytes.buffer)
  })

  it('reads tensors in any order and a header that is not padded', () => {
    const header = '{"b":{"dtype":"U32","shape":[1],"data_offsets":[1,5]},"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}'
    const { tensors } = decode(file(header, [1, 7, 0, 0, 0]))
    expect(tensors).toEqual({
      a: { dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
      b: { dtype: 'uint32', shape: [1], data: Uint32Array.of(7) },
    })
  })

  it('takes names that are traps in JavaScript', () => {
    const tensors = Object.fromEntries([
      ['__proto__', float32([1], 1)],
      ['constructor', float32([1], 2)],
      ['toString', float32([1], 3)],
    ])
    const decoded = decode(encode(tensors)).tensors
    expect(Object.keys(decoded).sort()).toEqual(['__proto__', 'constructor', 'toString'])
    expect(Object.getOwnPropertyDescriptor(decoded, '__proto__')?.value).toEqual(float32([1], 1))
  })

  const one = (dtype: string, count: number, data: number[]) =>
    decode(file(`{"x":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${data.length}]}}`, data)).tensors.x

  it('reads F16 and BF16 as float32', () => {
    // 1, −2, the smallest subnormal, the largest finite, ∞, NaN
    const half = one('F16', 6, [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c, 0x01, 0x7e])
    expect(half).toEqual({
      dtype: 'float32',
      shape: [6],
      data: Float32Array.of(1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY, Number.NaN),
    })
    expect(one('BF16', 2, [0x80, 0x3f, 0x49, 0xc0])).toEqual({
      dtype: 'float32',
      shape: [2],
      data: Float32Array.of(1, -3.140625),
    })
  })

  it('reads integers of other widths as 32-bit ones where every value fits', () => {
    expect(one('I64', 2, [5, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(255)])?.data).toEqual(Int32Array.of(5, -1))
    expect(one('U64', 1, [255, 255, 255, 255, 0, 0, 0, 0])?.data).toEqual(Uint32Array.of(2 ** 32 - 1))
    expect(one('I16', 1, [254, 255])?.data).toEqual(Int32Array.of(-2))
    expect(one('U16', 1, [254, 255])?.data).toEqual(Int32Array.of(65534))
    expect(one('I8', 2, [254, 1])?.data).toEqual(Int32Array.of(-2, 1))
    expect(one('U8', 2, [254, 1])?.data).toEqual(Int32Array.of(254, 1))
    expect(() => one('I64', 1, [0, 0, 0, 0, 1, 0, 0, 0])).toThrow(/'x': element 0 is 4294967296, and 64-bit/)
  })

  const entry = (fields: string) => `{"x":{${fields}}}`
  const two = (a: string, b: string) =>
    `{"a":{"dtype":"U8","shape":[4],"data_offsets":${a}},"b":{"dtype":"U8","shape":[4],"data_offsets":${b}}}`
  const huge = new Uint8Array(16)
  huge.fill(0xff, 0, 8)

  it.each<[string, Uint8Array, RegExp]>([
    ['no bytes', new Uint8Array(0), /has 0 bytes, fewer than the 8/],
    ['a header length beyond the limit', huge, /claims a header of 18446744073709552000 bytes/],
    ['a header that is cut off', file('{}      ').subarray(0, 12), /cut off: the header should have 8 bytes, 4 are there/],
    ['a header of nothing', file(''), /does not begin with '\{'/],
    ['a header that is not an object', file('[1]'), /does not begin with '\{'/],
    ['text that is not UTF-8', file('{"\0":1}').map((byte) => (byte === 0 ? 0 : byte === 0x31 ? 0xff : byte)), /not UTF-8/],
    ['text that is not JSON', file('{"a":}'), /not JSON/],
    ['something after the header', file('{} x'), /not JSON/],
    ['deep nesting', file(`{"a":${'['.repeat(1e6)}`), /nested too deeply at character 7/],
    ['a tensor that comes twice', file(two('[0,4]', '[0,4]').replace('"b"', '"a"'), [1, 2, 3, 4]), /has "a" twice/],
    [
      'a tensor that comes twice in two spellings',
      file(two('[0,4]', '[0,4]').replace('"b"', '"\\u0061" \n'), [1, 2, 3, 4]),
      /has "a" twice/,
    ],
    ['a field that comes twice', file(entry('"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]'), [1]), /has "dtype" twice/],
    ['an entry that is null', file('{"x":null}'), /"x" has dtype nothing/],
    ['an entry that is a number', file('{"x":3}'), /"x" has dtype nothing/],
    ['an unknown dtype', file(entry('"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]'), [1]), /dtype "F8_E4M3"; readable are F64/],
    ['no shape', file(entry('"dtype":"U8","data_offsets":[0,1]'), [1]), /has shape nothing/],
    ['a negative dimension', file(entry('"dtype":"U8","shape":[-1],"data_offsets":[0,1]'), [1]), /has shape \[-1\]/],
    ['a dimension that is no integer', file(entry('"dtype":"U8","shape":[0.5],"data_offsets":[0,1]'), [1]), /has shape \[0.5\]/],
    ['a dimension that is a string', file(entry('"dtype":"U8","shape":["1"],"data_offsets":[0,1]'), [1]), /has shape \["1"\]/],
    ['a product that overflows', file(entry('"dtype":"F64","shape":[4294967296,4294967296,0],"data_offsets":[0,0]')), /more than any file/],
    ['three offsets', file(entry('"dtype":"U8","shape":[1],"data_offsets":[0,1,2]'), [1]), /not two whole numbers/],
    [
      'offsets backwards',
      file(entry('"dtype":"U8","shape":[1],"data_offsets":[1,0]'), [1]),
      /takes 1 bytes, but its data_offsets are \[1,0\]/,
    ],
    ['a shape that its bytes do not fill', file(entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), [1, 2, 3, 4]), /takes 8 bytes/],
    ['an overlap', file(two('[0,4]', '[2,6]'), [1, 2, 3, 4, 5, 6]), /"a" and "b" overlap/],
    ['a hole', file(two('[0,4]', '[6,10]'), new Array(10).fill(0)), /the 2 bytes before tensor "b" belong to no tensor/],
    ['a hole at the start', file(two('[2,6]', '[6,10]'), new Array(10).fill(0)), /the 2 bytes before tensor "a"/],
    ['data that is cut off', file(two('[0,4]', '[4,8]'), [1, 2, 3]), /cut off: the tensors need 8 bytes, 3 are there/],
    ['bytes after the end', file(two('[0,4]', '[4,8]'), new Array(9).fill(0)), /has 1 bytes after the last tensor/],
    ['metadata that is not an object', file('{"__metadata__":[]}'), /__metadata__ is not an object/],
    ['metadata that is not strings', file('{"__metadata__":{"a":1}}'), /holds 1 at "a"/],
    ['a bool that is neither', file(entry('"dtype":"BOOL","shape":[1],"data_offsets":[0,1]'), [9]), /element 0 is 9/],
  ])('refuses %s and names the file', (_, bytes, message) => {
    const attempt = () => decode(bytes, 'runs/a/model.safetensors')
    expect(attempt).toThrow(SafetensorsError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(/^runs\/a\/model.safetensors/)
  })

  it('reads a damaged file or refuses it, and nothing else, in memory that its size bounds: 10,000 of them', () => {
    const whole = encode(sample, { format: 'tenon' })
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      to: fc.oneof(fc.nat(255), fc.constantFrom(...'{}[]",:0-9e\\'.split('').map((c) => c.charCodeAt(0)))),
    })
    const damaged = fc
      .record({
        changes: fc.array(change, { maxLength: 4 }),
        from: fc.nat(12),
        to: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
        extra: fc.oneof(
          { weight: 4, arbitrary: fc.constant(new Uint8Array(0)) },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
        ),
      })
      .map(({ changes, from, to, extra }) => {
        const bytes = whole.slice()
        for (const { at, to: value } of changes) bytes[at] = value
        return Uint8Array.from([...bytes.subarray(from < 10 ? 0 : from, to), ...extra])
      })

    const dataStart = 8 + new DataView(whole.buffer).getUint32(0, true)
    const header = JSON.parse(new TextDecoder().decode(whole.subarray(8, dataStart))) as Record<string, object>
    const number = fc.oneof(fc.nat(40), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, 1e300))
    const lie = fc.oneof(
      fc.record({ dtype: fc.constantFrom('F64', 'F16', 'BF16', 'U8', 'I64', 'F8_E4M3', 'f32', '__proto__') }),
      fc.record({ shape: fc.array(number, { maxLength: 3 }) }),
      fc.record({ data_offsets: fc.tuple(number, number) }),
    )
    const lying = fc.dictionary(fc.constantFrom(...Object.keys(sample), 'another'), lie, { minKeys: 1, maxKeys: 2 }).map((lies) => {
      const entries = Object.entries(lies).map(([name, fields]) => [name, { ...header[name], ...fields }])
      return file(JSON.stringify({ ...header, ...Object.fromEntries(entries) }), whole.subarray(dataStart))
    })

    const refusals: string[] = []
    fc.assert(
      fc.property(fc.oneof(damaged, lying), (bytes) => {
        try {
          const { tensors } = decode(bytes)
          // What is accepted is consistent: it can be written again. One byte becomes a number of four at most.
          encode(tensors)
          const size = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0)
          expect(size).toBeLessThanOrEqual(4 * bytes.length)
        } catch (error) {
          if (!(error instanceof SafetensorsError)) throw error
          expect(error.message.length).toBeLessThan(500)
          refusals.push(error.message)
        }
      }),
      { numRuns: 10_000, seed: 1 }, // any other one may miss a kind of refusal
    )
    expect(refusals.length).toBeLessThan(10_000)
    for (const kind of [/cut off/, /overlap/, /has dtype "F8_E4M3"; readable are/, /takes \d+ bytes/, /more than any file can hold/])
      expect(refusals.some((message) => kind.test(message))).toBe(true)
  })
})
