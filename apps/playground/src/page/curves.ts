/** The curves of a run, drawn as it goes: uPlot draws thousands of points in a few milliseconds, so that the page stays free. */
import uPlot from 'uplot'

/** Steps over which the drawn loss is smoothed; the losses themselves stand behind it, fainter. */
const smoothing = 20
/** Where the axis of the loss has lines: 0.001, 0.002, 0.005, … */
const lossLines = [-4, -3, -2, -1, 0, 1].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
const colours = ['loss', 'accuracy', 'soft', 'line', 'card'] as const
type Colours = Readonly<Record<(typeof colours)[number], string>>

/** The style sheet's, which has others in the dark. */
const readColours = (): Colours => {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(colours.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours
}
const percent = (value: number): string => `${Math.round(100 * value)} %`

export class Curves {
  readonly #place: HTMLElement
  readonly #plot: uPlot
  #colours = readColours()
  #steps: number[] = []
  #losses: (number | null)[] = []
  #smooth: (number | null)[] = []
  #accuracies: (number | null)[] = []
  #moves: { readonly step: number; readonly title: string }[] = []
  #length = 0
  #pending = false

  constructor(place: HTMLElement) {
    this.#place = place
    this.#plot = new uPlot(this.#options(), this.#data(), place)
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(place)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colours = readColours()
      this.#plot.redraw()
    })
  }

  /** Empties the curves, for a run of so many steps. */
  begin(steps: number): void {
    this.#steps = []
    this.#losses = []
    this.#smooth = []
    this.#accuracies = []
    this.#moves = []
    this.#length = steps
    this.#draw()
  }

  /** @param step counted from 1 */
  loss(step: number, loss: number): void {
    const before = this.#smooth[step - 2] ?? loss
    this.#reach(step)
    this.#losses[step - 1] = loss
    this.#smooth[step - 1] = before + (loss - before) / Math.min(smoothing, step)
    this.#draw()
  }

  accuracy(step: number, accuracy: number): void {
    this.#reach(step)
    this.#accuracies[step - 1] = accuracy
    this.#draw()
  }

  /** Marks where the run went on on another backend. */
  move(title: string): void {
    const step = this.#steps.length
    this.#moves = [...this.#moves.filter((move) => move.step !== step), { step, title }]
    this.#draw()
  }

  #reach(step: number): void {
    while (this.#steps.length < step) {
      this.#steps.push(this.#steps.length + 1)
      for (const column of [this.#losses, this.#smooth, this.#accuracies]) column.push(null)
    }
  }

  /** Ten times a second at most. */
  #draw(): void {
    if (this.#pending) return
    this.#pending = true
    setTimeout(() => {
      this.#pending = false
      this.#plot.setData(this.#data())
    }, 100)
  }

  #data(): uPlot.AlignedData {
    return [this.#steps, this.#losses, this.#smooth, this.#accuracies]
  }

  #size(): { width: number; height: number } {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight }
  }

  #options(): uPlot.Options {
    const axis = { stroke: () => this.#colours.soft, font: '12px system-ui, sans-serif', ticks: { show: false } }
    return {
      ...this.#size(),
      pxAlign: false,
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [0, Math.max(10, this.#length)] },
        loss: { distr: 3, range: (_, low, high) => (low > 0 ? [Math.min(0.1, low), Math.max(3, high)] : [0.1, 3]) },
        accuracy: { range: [0, 1] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 30, values: (_, steps) => steps.map((step) => step.toLocaleString('en')) },
        {
          ...axis,
          grid: { stroke: () => this.#colours.line, width: 1 },
          scale: 'loss',
          size: 46,
          splits: (_plot, _axis, low, high) => lossLines.filter((y) => y >= low && y <= high),
        },
        { ...axis, grid: { show: false }, scale: 'accuracy', side: 1, size: 52, values: (_, values) => values.map(percent) },
      ],
      series: [
        {},
        { scale: 'loss', stroke: () => `color-mix(in srgb, ${this.#colours.loss} 30%, transparent)`, width: 1, points: { show: false } },
        { scale: 'loss', stroke: () => this.#colours.loss, width: 2, points: { show: false } },
        {
          scale: 'accuracy',
          stroke: () => this.#colours.accuracy,
          width: 2,
          spanGaps: true,
          points: { show: true, size: 6, fill: () => this.#colours.accuracy },
        },
      ],
      hooks: { draw: [(plot) => this.#drawMoves(plot)] },
    }
  }

  #drawMoves({ ctx, bbox, valToPos }: uPlot): void {
    const { soft, card } = this.#colours
    const unit = devicePixelRatio
    ctx.save()
    ctx.font = `${11 * unit}px system-ui, sans-serif`
    ctx.lineJoin = 'round'
    for (const { step, title } of this.#moves) {
      const x = valToPos(step, 'x', true)
      const [top, bottom] = [bbox.top, bbox.top + bbox.height]
      ctx.setLineDash([4 * unit, 4 * unit])
      ctx.lineWidth = unit
      ctx.strokeStyle = soft
      ctx.beginPath()
      ctx.moveTo(x, top)
      ctx.lineTo(x, bottom)
      ctx.stroke()
      const fits = bbox.left + bbox.width - x > 100 * unit
      ctx.textAlign = fits ? 'left' : 'right'
      const place = [title, x + (fits ? 5 : -5) * unit, bottom - 8 * unit] as const
      // Curves that run under the words are held off by a rim.
      ctx.setLineDash([])
      ctx.lineWidth = 4 * unit
      ctx.strokeStyle = card
      ctx.strokeText(...place)
      ctx.fillStyle = soft
      ctx.fillText(...place)
    }
    ctx.restore()
  }
}
