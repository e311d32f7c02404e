/** Made-up digits for tests, in the files of MNIST: those of a pocket calculator, each a little different, placed as MNIST's are. */
import { randomSource } from '@tenon/datasets'
import { imageSide, prepareImage } from 'cnn-image-classification/image'
import { preparations } from 'cnn-image-classification/preparation'
import type { DataFiles } from '../server/data.ts'

type Point = readonly [x: number, y: number]

/** The seven lines of a calculator's digits, in a square of side 1. */
const lines: Readonly<Record<string, readonly [Point, Point]>> = {
  top: [
    [0.3, 0.15],
    [0.7, 0.15],
  ],
  upperRight: [
    [0.7, 0.15],
    [0.7, 0.5],
  ],
  lowerRight: [
    [0.7, 0.5],
    [0.7, 0.85],
  ],
  bottom: [
    [0.3, 0.85],
    [0.7, 0.85],
  ],
  lowerLeft: [
    [0.3, 0.5],
    [0.3, 0.85],
  ],
  upperLeft: [
    [0.3, 0.15],
    [0.3, 0.5],
  ],
  middle: [
    [0.3, 0.5],
    [0.7, 0.5],
  ],
}

const linesOf = [
  'top upperRight lowerRight bottom lowerLeft upperLeft',
  'upperRight lowerRight',
  'top upperRight middle lowerLeft bottom',
  'top upperRight middle lowerRight bottom',
  'upperLeft middle upperRight lowerRight',
  'top upperLeft middle lowerRight bottom',
  'top upperLeft middle lowerLeft lowerRight bottom',
  'top upperRight lowerRight',
  'top upperRight lowerRight bottom lowerLeft upperLeft middle',
  'top upperRight lowerRight bottom upperLeft middle',
]

/** The strokes of a digit, in a square of side 1. */
export const strokesOf = (digit: number): (readonly [Point, Point])[] => linesOf[digit]!.split(' ').map((name) => lines[name]!)

/** The four files of a set with so many images. */
export const madeUpFiles = (train: number, test: number): DataFiles => new Map([...filesOf('train', train, 0), ...filesOf('t10k', test, 1)])

const filesOf = (prefix: string, count: number, seed: number): [string, Uint8Array][] => {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10)
  const images = new Uint8Array(count * imageSide * imageSide)
  for (const [i, digit] of labels.entries()) images.set(picture(digit, randomSource(seed, 0, i).next), i * imageSide * imageSide)
  return [
    [`${prefix}-images-idx3-ubyte`, idx([count, imageSide, imageSide], images)],
    [`${prefix}-labels-idx1-ubyte`, idx([count], labels)],
  ]
}

const side = 56

/** Leans, thickness and proportions are drawn. */
const picture = (digit: number, random: () => number): Uint8Array => {
  const [lean, width, thickness] = [0.3 * (random() - 0.5), 0.7 + 0.5 * random(), 0.03 + 0.03 * random()]
  const bend = ([x, y]: Point): Point => [0.5 + (x - 0.5) * width + (0.5 - y) * lean, y]
  const strokes = strokesOf(digit).map(([from, to]) => [bend(from), bend(to)] as const)
  const pixels = Float32Array.from({ length: side * side }, (_, i) => {
    const at: Point = [((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side]
    const nearest = Math.min(...strokes.map(([from, to]) => distance(at, from, to)))
    return Math.min(1, Math.max(0, (thickness - nearest) * side + 0.5))
  })
  const placed = prepareImage({ width: side, height: side, pixels }, preparations.mnist.placement)!
  return Uint8Array.from(placed, (value) => Math.round(255 * value))
}

const distance = ([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number => {
  const [dx, dy] = [bx - ax, by - ay]
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
  return Math.hypot(x - ax - along * dx, y - ay - along * dy)
}

const idx = (shape: readonly number[], data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0, 0, 8, shape.length])
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent)
  bytes.set(data, 4 + 4 * shape.length)
  return bytes
}
