/** A square to draw on, with mouse, finger or pen. Its ink is black on nothing, which the style sheet turns white in the dark. */
import { type Grey, imageSide } from 'cnn-image-classification/image'

const side = 280
/** About as thick as MNIST's strokes, when a digit fills the square. */
const lineWidth = 20

export class Pad {
  readonly #canvas: HTMLCanvasElement
  readonly #ink: CanvasRenderingContext2D
  readonly #onChange: () => void
  #pen: { readonly id: number; x: number; y: number } | null = null

  /** @param onChange after each piece of a stroke, and when the pad was cleared */
  constructor(canvas: HTMLCanvasElement, onChange: () => void) {
    this.#canvas = canvas
    this.#onChange = onChange
    this.#ink = canvas.getContext('2d', { willReadFrequently: true })!
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || this.#pen) return
      event.preventDefault()
      canvas.setPointerCapture(event.pointerId)
      this.#pen = { id: event.pointerId, ...this.#place(event) }
      this.#stroke(this.#pen.x, this.#pen.y)
    })
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#pen?.id) return
      // A fast hand moves several times between two frames.
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const { x, y } = this.#place(each)
        this.#stroke(x, y)
      }
    })
    for (const type of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(type, (event) => {
        if (event.pointerId === this.#pen?.id) this.#pen = null
      })
    }
  }

  clear(): void {
    this.#pen = null
    this.#ink.clearRect(0, 0, side, side)
    this.#onChange()
  }

  /** Puts a picture of 28×28 values from 0 to 1 on the pad. */
  put(pixels: Float32Array): void {
    const small = document.createElement('canvas')
    drawPixels(small, (i) => [0, 0, 0, pixels[i]!])
    this.clear()
    this.#ink.drawImage(small, 0, 0, side, side)
    this.#onChange()
  }

  /** Ink from 0 to 1. */
  read(): Grey {
    const { data } = this.#ink.getImageData(0, 0, side, side)
    const pixels = new Float32Array(side * side)
    for (let i = 0; i < pixels.length; i++) pixels[i] = data[4 * i + 3]! / 255
    return { width: side, height: side, pixels }
  }

  #place({ clientX, clientY }: MouseEvent): { x: number; y: number } {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect()
    return { x: ((clientX - left) * side) / width, y: ((clientY - top) * side) / height }
  }

  #stroke(x: number, y: number): void {
    const pen = this.#pen!
    const ink = this.#ink
    ink.lineWidth = lineWidth
    ink.lineCap = ink.lineJoin = 'round'
    ink.beginPath()
    ink.moveTo(pen.x, pen.y)
    ink.lineTo(x, y)
    ink.stroke()
    ;[pen.x, pen.y] = [x, y]
    this.#onChange()
  }
}

/** Draws 28×28 pixels. @param at red, green, blue and opacity of each, from 0 to 1 */
export const drawPixels = (canvas: HTMLCanvasElement, at: (i: number) => readonly [number, number, number, number]): void => {
  canvas.width = canvas.height = imageSide
  const picture = new ImageData(imageSide, imageSide)
  for (let i = 0; i < imageSide * imageSide; i++)
    picture.data.set(
      at(i).map((part) => 255 * part),
      4 * i,
    )
  canvas.getContext('2d')!.putImageData(picture, 0, 0)
}
