import { describe, expect, it } from 'vitest'
import { type Grey, greyFromRgba, imageSide, prepareImage } from './image.ts'

const mnist = { side: 20, centre: 'mass' } as const

/** A picture from a brightness at each point. */
const picture = (width: number, height: number, at: (x: number, y: number) => number): Grey => ({
  width,
  height,
  pixels: Float32Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
})

/** A ring and a bar below it, like a 9, at any size and place: 1 is ink. */
const nine = (x: number, y: number): number => {
  const radius = Math.hypot(x - 0.5, y - 0.3)
  return (radius > 0.17 && radius < 0.3) || (x > 0.67 && x < 0.8 && y > 0.3 && y < 1) ? 1 : 0
}
const drawnNine = (width: number, height: number, size: number, left: number, top: number): Grey =>
  picture(width, height, (x, y) => nine((x + 0.5 - left) / size, (y + 0.5 - top) / size))

const prepare = (image: Grey, placement: Parameters<typeof prepareImage>[1] = mnist): Float32Array => prepareImage(image, placement)!

const difference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.reduce((x, y) => x + y, 0)

const extent = (image: Float32Array): { width: number; height: number } => {
  const [xs, ys] = [[] as number[], [] as number[]]
  image.forEach((value, i) => {
    if (value > 0.05) {
      xs.push(i % imageSide)
      ys.push(Math.floor(i / imageSide))
    }
  })
  return { width: Math.max(...xs) - Math.min(...xs) + 1, height: Math.max(...ys) - Math.min(...ys) + 1 }
}

const centre = (image: Float32Array): [number, number] => {
  let [sum, x, y] = [0, 0, 0]
  image.forEach((value, i) => {
    sum += value
    x += value * ((i % imageSide) + 0.5)
    y += value * (Math.floor(i / imageSide) + 0.5)
  })
  return [x / sum, y / sum]
}

describe('prepareImage', () => {
  it('fits the ink into 20×20 with its centre of mass in the middle, wherever and how large it was', () => {
    for (const image of [drawnNine(300, 200, 150, 120, 20), drawnNine(64, 640, 60, 2, 500), drawnNine(28, 28, 14, 1, 2)]) {
      const prepared = prepare(image)
      expect(prepared).toHaveLength(imageSide ** 2)
      expect(Math.max(...prepared)).toBeCloseTo(1)
      expect(extent(prepared).height).toBeGreaterThanOrEqual(19)
      expect(extent(prepared).height).toBeLessThanOrEqual(20)
      for (const middle of centre(prepared)) expect(Math.abs(middle - 14)).toBeLessThanOrEqual(0.51)
    }
  })

  it('leaves an image as it is that was prepared so already', () => {
    const once = prepare(drawnNine(300, 200, 150, 120, 20))
    const again = prepare({ width: 28, height: 28, pixels: once })
    expect(difference(once, again)).toBeLessThan(1e-6)
  })

  it('takes dark ink on light paper for what it is', () => {
    const image = drawnNine(200, 200, 120, 40, 30)
    const onPaper = { ...image, pixels: image.pixels.map((value) => 0.95 - 0.8 * value) }
    expect(difference(prepare(image), prepare(onPaper))).toBeLessThan(1e-5)
  })

  it('does not take the grain of the paper for ink', () => {
    const image = drawnNine(200, 200, 120, 40, 30)
    const grain = image.pixels.map((value, i) => 0.85 - 0.6 * value + 0.03 * Math.sin(i * 12.9898))
    expect(difference(prepare(image), prepare({ ...image, pixels: grain }))).toBeLessThan(0.15)
  })

  it('keeps strokes of one pixel in a large picture', () => {
    const line = picture(400, 400, (x, y) => (x === 200 && y > 50 && y < 350 ? 1 : 0))
    expect(Math.max(...prepare(line))).toBeCloseTo(1)
  })

  it('fits a garment into the whole square, in the middle of its box', () => {
    const shirt = picture(100, 120, (x, y) => (x > 20 && x < 60 && y > 10 && y < 100 ? 0.3 + 0.4 * (x / 60) : 1))
    const prepared = prepare(shirt, { side: 28, centre: 'box' })
    expect(extent(prepared)).toEqual({ width: 12, height: 28 })
  })

  it('finds nothing on a picture of one colour', () => {
    expect(
      prepareImage(
        picture(30, 30, () => 0.7),
        mnist,
      ),
    ).toBeNull()
    expect(
      prepareImage(
        picture(1, 1, () => 0),
        mnist,
      ),
    ).toBeNull()
  })
})

describe('greyFromRgba', () => {
  it('weighs colours as eyes do', () => {
    const { pixels } = greyFromRgba(4, 1, Uint8Array.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255))
    expect([...pixels].map((value) => Math.round(value * 100))).toEqual([21, 72, 7, 100])
  })

  it('puts what stands out behind what is transparent', () => {
    const black = greyFromRgba(2, 1, Uint8Array.of(0, 0, 0, 255, 0, 0, 0, 0))
    const white = greyFromRgba(2, 1, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 0))
    expect([...black.pixels, ...white.pixels]).toEqual([0, 1, 1, 0])
  })
})
