/** A picture of the test images that the model is most wrong about, each with what it is and what the model said. */
import type { ImageDataset } from '@tenon/datasets'
import type { Sequential } from '@tenon/nn'
import { softmax } from '@tenon/tensor'
import { writeFileAtomic } from '@tenon/train/node'
import { PNG } from 'pngjs'
import type { DataSet } from './data.ts'
import { imageSide } from './image.ts'
import type { ImageLoader } from './preparation.ts'

interface Mistake {
  /** 28×28 bytes, 0 is black. */
  readonly pixels: Uint8Array
  readonly truth: string
  readonly said: string
  /** The probability that the model gave to what it said. */
  readonly confidence: number
}

const cell = { image: 84, width: 112, height: 136 }
const columns = 8
const top = 48

const pngUri = (pixels: Uint8Array): string => {
  const png = new PNG({ width: imageSide, height: imageSide, colorType: 0, inputColorType: 0, inputHasAlpha: false })
  png.data = Buffer.from(pixels)
  return `data:image/png;base64,${PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false }).toString('base64')}`
}

const drawMistake = ({ pixels, truth, said, confidence }: Mistake, index: number): string => {
  const x = (index % columns) * cell.width + cell.width / 2
  const y = top + Math.floor(index / columns) * cell.height
  return `<image x="${x - cell.image / 2}" y="${y}" width="${cell.image}" height="${cell.image}" href="${pngUri(pixels)}"/>
<text x="${x}" y="${y + cell.image + 16}">is <tspan class="truth">${truth}</tspan></text>
<text x="${x}" y="${y + cell.image + 32}">said <tspan class="said">${said}</tspan> ${Math.round(confidence * 100)} %</text>`
}

/** As an SVG text with the images inside. */
const drawMistakes = (mistakes: readonly Mistake[], title: string): string => {
  const width = columns * cell.width
  const height = top + Math.max(1, Math.ceil(mistakes.length / columns)) * cell.height
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>
image { image-rendering: pixelated }
text { font: 12px system-ui, sans-serif; fill: #444; text-anchor: middle }
.title { font-size: 16px; font-weight: 600; fill: #111; text-anchor: start }
.truth { font-weight: 600; fill: #00785a }
.said { font-weight: 600; fill: #c04a00 }
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="${(cell.width - cell.image) / 2}" y="28">${title}</text>
${mistakes.map(drawMistake).join('\n')}
</svg>
`
}

const shownMistakes = 40

/** Draws the test images that the model gives the least probability to. Returns how many it gets wrong. */
export const writeMistakes = async (
  file: string,
  model: Sequential,
  testLoader: ImageLoader,
  test: ImageDataset,
  { classes, title }: DataSet,
): Promise<number> => {
  const mistakes: (Mistake & { readonly truthProbability: number })[] = []
  let index = 0
  for await (const { images, labels } of testLoader.iterate()) {
    const [probabilities, truths] = [await softmax(model.forward(images), 1).data(), await labels.data()]
    for (const [row, truth] of truths.entries()) {
      const own = Array.from(probabilities.subarray(row * classes.length, (row + 1) * classes.length))
      const said = own.indexOf(Math.max(...own))
      const pixels = test.columns.images.data.subarray(index * 784, (index + 1) * 784) as Uint8Array
      index++
      if (said === truth) continue
      mistakes.push({
        pixels,
        truth: classes[truth]!,
        said: classes[said]!,
        confidence: own[said]!,
        truthProbability: own[truth]!,
      })
    }
  }
  mistakes.sort((a, b) => a.truthProbability - b.truthProbability)
  const shown = mistakes.slice(0, shownMistakes)
  const heading = `${title}: the ${shown.length} worst of ${mistakes.length} mistakes on ${index.toLocaleString('en')} test images`
  await writeFileAtomic(file, drawMistakes(shown, heading))
  return mistakes.length
}
