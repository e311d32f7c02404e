import { describe, expect, it } from 'vitest'
import type { HostArray } from './dataset.ts'
import { compose, field, normalize, toFloat } from './transforms.ts'

const context = { random: () => 0.5 }
const pixels: HostArray = { data: Uint8Array.of(0, 51, 255, 102), shape: [1, 2, 1, 2] }

describe('transforms', () => {
  it('toFloat maps bytes to 0..1 and leaves its input', () => {
    expect(toFloat()(pixels, context)).toEqual({ data: Float32Array.of(0, 0.2, 1, 0.4), shape: [1, 2, 1, 2] })
    expect(pixels.data[1]).toBe(51)
    expect(toFloat(1)(pixels, context).data).toEqual(Float32Array.of(0, 51, 255, 102))
  })

  it('normalize shifts and scales everything, or each channel', () => {
    expect(normalize(51, 2)(pixels, context).data).toEqual(Float32Array.of(-25.5, 0, 102, 25.5))
    expect(normalize([0, 2], [1, 4])(pixels, context).data).toEqual(Float32Array.of(0, 51, 63.25, 25))
    const batch: HostArray = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }
    expect(normalize([1, 2, 3], [1, 1, 1])(batch, context).data).toEqual(Float32Array.of(0, 0, 0, 3, 3, 3))
  })

  it('normalize keeps an empty batch empty', () => {
    expect(normalize([1, 2], [1, 1])({ data: new Float32Array(0), shape: [0, 2, 5] }, context).data.length).toBe(0)
  })

  it('refuses numbers that make no sense', () => {
    expect(() => normalize([1, 2], [1])).toThrow(/2 means and 1 standard/)
    expect(() => normalize(0, 0)).toThrow(/positive standard deviations/)
    expect(() => normalize(Number.NaN, 1)).toThrow(/finite means/)
    expect(() => toFloat(0)).toThrow(/cannot divide by 0/)
    expect(() => normalize([1, 2, 3], [1, 1, 1])(pixels, context)).toThrow(/3 channels need a batch \[B, 3, ...\], got \[1, 2, 1, 2\]/)
  })

  it('field runs its steps left to right on one field, compose on whole batches', () => {
    const batch = { images: pixels, labels: { data: Int32Array.of(3), shape: [1] } }
    const once = field('images', toFloat(), normalize(1, 2))(batch, context)
    expect(once.images.data).toEqual(Float32Array.of(-0.5, (0.2 - 1) / 2, 0, (Math.fround(0.4) - 1) / 2))
    expect(once.labels).toBe(batch.labels)
    const twice = compose(field('images', toFloat()), field('images', normalize(1, 2)))(batch, context)
    expect(twice).toEqual(once)
  })

  it('field names what it did not find', () => {
    expect(() => field('image', toFloat())({ images: pixels }, context)).toThrow(/'image'.*no such field, only images/)
  })
})
