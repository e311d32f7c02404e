/**
 * Makes of any picture what the model was trained on: 28×28, light ink on black, placed as the data set places it.
 * MNIST (LeCun et al. 1998): scaled to fit 20×20 and shifted so that the centre of mass is in the middle. Fashion-MNIST
 * (Xiao et al. 2017): trimmed, scaled to fit 28×28, in the middle. A picture that is so already comes out as it was.
 */

/** Brightness from 0 to 1, row by row. */
export interface Grey {
  readonly width: number
  readonly height: number
  readonly pixels: Float32Array
}

export interface Placement {
  /** The ink is scaled to fit a square of this side. */
  readonly side: number
  /** What comes to the middle: the centre of mass, or of the smallest box around the ink. */
  readonly centre: 'mass' | 'box'
}

export const imageSide = 28

/** Brightness (Rec. 709) of RGBA bytes. What is transparent takes the colour that the rest stands out from. */
export const greyFromRgba = (width: number, height: number, rgba: Uint8Array): Grey => {
  const luma = new Float32Array(width * height)
  let [light, opaque] = [0, 0]
  for (let i = 0; i < luma.length; i++) {
    const [r, g, b, alpha] = rgba.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
    luma[i] = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255
    light += luma[i]! * alpha
    opaque += alpha
  }
  const behind = light / opaque > 0.5 ? 0 : 1
  const pixels = luma.map((value, i) => behind + (value - behind) * (rgba[4 * i + 3]! / 255))
  return { width, height, pixels }
}

/**
 * Ink from 0 to 1: how far a pixel differs from the background towards the opposite of it. The background is the
 * border's median; what differs from it no more than the border itself does (paper, shadow, noise) is none.
 */
const inkOf = ({ width, height, pixels }: Grey): Float32Array => {
  const border: number[] = []
  for (let x = 0; x < width; x++) border.push(pixels[x]!, pixels[(height - 1) * width + x]!)
  for (let y = 0; y < height; y++) border.push(pixels[y * width]!, pixels[y * width + width - 1]!)
  border.sort((a, b) => a - b)
  const background = border[border.length >> 1]!
  const sign = background > 0.5 ? -1 : 1
  // Six median deviations: four standard deviations of noise, and ink that runs off the edge does not move it.
  const deviations = border.map((value) => Math.abs(value - background)).sort((a, b) => a - b)
  const noise = 6 * deviations[deviations.length >> 1]!
  return pixels.map((value) => {
    const ink = sign * (value - background)
    return ink > noise ? ink : 0
  })
}

interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const boxOf = (ink: Float32Array, width: number): Box | null => {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1]
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] === 0) continue
    const [x, y] = [i % width, Math.floor(i / width)]
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 }
}

/** For each of `to` pixels the part of `from` pixels that a triangle over it weighs; wider when shrinking, so that no stroke is missed. */
const triangleWeights = (from: number, to: number): { start: number; weights: number[] }[] => {
  const scale = from / to
  const reach = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale
    const start = Math.max(0, Math.floor(centre - reach))
    const weights: number[] = []
    for (let j = start; j < Math.min(from, Math.ceil(centre + reach)); j++) {
      weights.push(Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach))
    }
    const sum = weights.reduce((a, b) => a + b, 0)
    return { start, weights: weights.map((w) => w / sum) }
  })
}

/** The part of `ink` in `box`, as `width` × `height` pixels. */
const resize = (ink: Float32Array, stride: number, box: Box, width: number, height: number): Float32Array => {
  const columns = triangleWeights(box.width, width)
  const rows = triangleWeights(box.height, height)
  const wide = new Float32Array(box.height * width)
  for (let y = 0; y < box.height; y++) {
    const row = (box.top + y) * stride + box.left
    columns.forEach(({ start, weights }, x) => {
      wide[y * width + x] = weights.reduce((sum, w, j) => sum + w * ink[row + start + j]!, 0)
    })
  }
  const out = new Float32Array(height * width)
  rows.forEach(({ start, weights }, y) => {
    for (let x = 0; x < width; x++) out[y * width + x] = weights.reduce((sum, w, j) => sum + w * wide[(start + j) * width + x]!, 0)
  })
  return out
}

/** Where along one axis the middle of the ink is, in pixels from the first one's edge. */
const massCentre = (image: Float32Array, width: number, axis: 'x' | 'y'): number => {
  let [sum, moment] = [0, 0]
  image.forEach((value, i) => {
    sum += value
    moment += value * ((axis === 'x' ? i % width : Math.floor(i / width)) + 0.5)
  })
  return moment / sum
}

/** 28×28 values from 0 (background) to 1 (ink); null when the picture is of one colour. */
export const prepareImage = (image: Grey, { side, centre }: Placement): Float32Array | null => {
  const ink = inkOf(image)
  const box = boxOf(ink, image.width)
  if (box === null) return null
  const scale = side / Math.max(box.width, box.height)
  const width = Math.max(1, Math.round(box.width * scale))
  const height = Math.max(1, Math.round(box.height * scale))
  const scaled = resize(ink, image.width, box, width, height)
  const brightest = scaled.reduce((a, b) => Math.max(a, b), 0)

  const place = (size: number, axis: 'x' | 'y'): number => {
    const middle = centre === 'mass' ? massCentre(scaled, width, axis) : size / 2
    return Math.min(imageSide - size, Math.max(0, Math.round(imageSide / 2 - middle)))
  }
  const [left, top] = [place(width, 'x'), place(height, 'y')]
  const out = new Float32Array(imageSide * imageSide)
  scaled.forEach((value, i) => {
    out[(top + Math.floor(i / width)) * imageSide + left + (i % width)] = value / brightest
  })
  return out
}
