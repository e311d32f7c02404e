import { describe, expect, it } from 'vitest'
import { DatasetError } from './errors.ts'
import { idxImages, parseIdx } from './idx.ts'

const idx = (code: number, shape: number[], data: Iterable<number>): Uint8Array =>
  Uint8Array.of(0, 0, code, shape.length, ...shape.flatMap((dim) => [0, 0, dim >> 8, dim & 255]), ...data)

const images = idx(8, [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
const labels = idx(8, [2], [7, 0])

describe('parseIdx', () => {
  it('reads the shape and looks at the bytes in place', () => {
    const { data, shape } = parseIdx(images, 'images')
    expect(shape).toEqual([2, 2, 3])
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(data.buffer).toBe(images.buffer)
  })

  it('reads every type of the format, big-endian', () => {
    expect(parseIdx(idx(9, [2], [255, 3]), 'x').data).toEqual(Int8Array.of(-1, 3))
    expect(parseIdx(idx(11, [2], [255, 254, 1, 0]), 'x').data).toEqual(Int16Array.of(-2, 256))
    expect(parseIdx(idx(12, [1], [255, 255, 255, 253]), 'x').data).toEqual(Int32Array.of(-3))
    expect(parseIdx(idx(13, [1], [0x3f, 0x80, 0, 0]), 'x').data).toEqual(Float32Array.of(1))
    expect(parseIdx(idx(14, [1], [0x3f, 0xf0, 0, 0, 0, 0, 0, 0]), 'x').data).toEqual(Float64Array.of(1))
  })

  it('reads from a Buffer that begins anywhere', () => {
    const moved = Buffer.alloc(images.length + 3)
    moved.set(images, 3)
    expect(parseIdx(moved.subarray(3), 'x').data).toEqual(parseIdx(images, 'x').data)
  })

  it('reads an empty array', () => {
    expect(parseIdx(idx(8, [0, 28, 28], []), 'x')).toEqual({ data: new Uint8Array(0), shape: [0, 28, 28] })
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /it has 0 bytes, fewer than the 4/],
    [
      'a magic number that is not idx',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0),
      /begins with the bytes 89 50 4e 47, an idx file with 00 00/,
    ],
    ['a page instead of a file', new TextEncoder().encode('<html>'), /begins with the bytes 3c 68 74 6d/],
    ['a compressed file', Uint8Array.of(0x1f, 0x8b, 8, 0), /compressed; unpack it with gunzip/],
    ['an unknown type', idx(10, [1], [1]), /type code is 0a/],
    ['a header that is cut off', images.subarray(0, 9), /cut off: 3 dimensions need a header of 16 bytes, it has 9/],
    ['data that is cut off', images.subarray(0, 20), /cut off: shape \[2, 2, 3\] needs 28 bytes, it has 20/],
    ['bytes after the end', Uint8Array.of(...images, 0), /bytes after its end: shape \[2, 2, 3\] needs 28 bytes, it has 29/],
    ['sizes beyond any file', Uint8Array.of(0, 0, 8, 3, ...new Array(12).fill(255)), /cut off: shape \[4294967295, /],
  ])('refuses %s, naming the file and what to do', (_, bytes, message) => {
    const attempt = () => parseIdx(bytes, '/data/train-images')
    expect(attempt).toThrow(DatasetError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(/^\/data\/train-images .*delete it and fetch it again/)
  })
})

describe('idxImages', () => {
  it('gives images with a channel and int32 labels', () => {
    const set = idxImages(images, labels)
    expect(set.length).toBe(2)
    expect(set.columns.images.shape).toEqual([2, 1, 2, 3])
    expect(set.get(0)).toEqual({
      images: { data: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [1, 2, 3] },
      labels: { data: Int32Array.of(7), shape: [] },
    })
  })

  it('refuses files that do not belong together', () => {
    const names = { images: 'i.idx', labels: 'l.idx' }
    expect(() => idxImages(labels, images, names)).toThrow(/i.idx should hold images.*holds uint8 \[2\]. Are the files swapped/)
    expect(() => idxImages(images, idx(8, [3], [1, 2, 3]), names)).toThrow(/i.idx has 2 images but l.idx has 3 labels/)
    expect(() => idxImages(images, idx(12, [1], [0, 0, 0, 0]), names)).toThrow(/l.idx should hold labels.*holds int32 \[1\]/)
  })
})
