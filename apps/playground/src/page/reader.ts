/** Has what is on the pad read by the network, and shows what it says: one question at a time, and always the latest drawing. */
import { prepareImage } from 'cnn-image-classification/image'
import { preparations } from 'cnn-image-classification/preparation'
import { byId } from './elements.ts'
import { drawPixels, Pad } from './pad.ts'

/** Null while there is no model. */
type Classify = (pixels: Float32Array) => Promise<Float32Array | null>

export class Reader {
  readonly #classify: Classify
  readonly #pad: Pad
  readonly #seen = byId('seen', HTMLCanvasElement)
  readonly #answer = byId('answer', HTMLOutputElement)
  readonly #confidence = byId('confidence', HTMLElement)
  readonly #hint = byId('hint', HTMLElement)
  readonly #bars: readonly HTMLLIElement[]
  #changed = false
  #busy = false

  constructor(classify: Classify) {
    this.#classify = classify
    this.#bars = Array.from({ length: 10 }, (_, digit) => makeBar(digit))
    byId('bars', HTMLOListElement).append(...this.#bars)
    this.#pad = new Pad(byId('pad', HTMLCanvasElement), () => this.refresh())
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#pad.clear())
    this.#show(null, null)
  }

  /** Puts a digit on the pad. */
  put(pixels: Float32Array): void {
    this.#pad.put(pixels)
  }

  /** Asks again: the drawing or the network is another one. */
  refresh(): void {
    this.#changed = true
    if (!this.#busy) requestAnimationFrame(() => void this.#ask())
  }

  async #ask(): Promise<void> {
    if (this.#busy || !this.#changed) return
    this.#busy = true
    this.#changed = false
    try {
      const pixels = prepareImage(this.#pad.read(), preparations.mnist.placement)
      const probabilities = pixels && (await this.#classify(pixels).catch(() => null))
      this.#show(pixels, probabilities)
    } finally {
      this.#busy = false
    }
    if (this.#changed) this.refresh()
  }

  #show(pixels: Float32Array | null, probabilities: Float32Array | null): void {
    this.#hint.hidden = pixels !== null
    drawPixels(this.#seen, (i) => [pixels?.[i] ?? 0, pixels?.[i] ?? 0, pixels?.[i] ?? 0, 1])
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1
    this.#answer.textContent = probabilities ? String(best) : '–'
    this.#confidence.textContent = probabilities
      ? `${percent(probabilities[best]!)} sure`
      : pixels
        ? 'train a network first'
        : 'what it sees'
    for (const [digit, bar] of this.#bars.entries()) {
      const part = probabilities?.[digit] ?? 0
      bar.style.setProperty('--part', part.toFixed(3))
      bar.classList.toggle('best', digit === best)
      bar.lastElementChild!.textContent = probabilities ? percent(part) : ''
    }
  }
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

const makeBar = (digit: number): HTMLLIElement => {
  const make = (name: string, ...children: readonly (Node | string)[]): HTMLSpanElement => {
    const span = document.createElement('span')
    span.className = name
    span.append(...children)
    return span
  }
  const bar = document.createElement('li')
  bar.append(make('digit', String(digit)), make('track', make('fill')), make('percent'))
  return bar
}
