/** Curves as an SVG text: no canvas, no page. Scales and paths are d3's; the axes are drawn here. */
import { scaleLinear, scaleLog } from 'd3-scale'
import { area, line } from 'd3-shape'

/** Where a curve passes through. */
export type Point = readonly [x: number, y: number]

/** A line of a chart. */
export interface Curve {
  readonly name: string
  readonly points: readonly Point[]
  /** Draws a dot at each point and the last one's value: for the few values of a test, which a line alone would hide. */
  readonly dots?: boolean
}

/** What `plot` draws. */
export interface Chart {
  readonly title: string
  readonly xLabel: string
  readonly curves: readonly Curve[]
  /** A logarithmic y axis; values that are not above 0 are left out. */
  readonly log?: boolean
  /** How y values are written at the axis. */
  readonly format?: (y: number) => string
}

const panel = { width: 460, height: 340, left: 62, right: 20, top: 44, bottom: 48 }
/** Okabe and Ito's colours, which most colour-blind people can tell apart. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
/** More points than this are drawn as means, with a band from the least to the greatest of each mean's points. */
const mostPoints = 160

interface Bin {
  readonly x: number
  readonly mean: number
  readonly low: number
  readonly high: number
}

const bin = (points: readonly Point[]): Bin[] => {
  const size = Math.ceil(points.length / mostPoints)
  const bins: Bin[] = []
  for (let i = 0; i < points.length; i += size) {
    const part = points.slice(i, i + size)
    const ys = part.map(([, y]) => y)
    bins.push({
      x: part.reduce((sum, [x]) => sum + x, 0) / part.length,
      mean: ys.reduce((sum, y) => sum + y, 0) / part.length,
      low: Math.min(...ys),
      high: Math.max(...ys),
    })
  }
  return bins
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}"${attributes && ` ${attributes}`}>${escape(content)}</text>`

const round = (value: number): string => String(Math.round(value * 10) / 10)

const extent = (values: readonly number[]): [number, number] =>
  values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity])

/** A domain of no width has no scale: a single point gets room on both sides. */
const widen = ([low, high]: [number, number], log: boolean): [number, number] => {
  if (low > high) return [log ? 0.1 : 0, 1]
  if (low < high) return [low, high]
  const room = Math.abs(low) / 20 || 0.5
  return log ? [low / 2, high * 2] : [low - room, high + room]
}

const drawChart = (chart: Chart, left: number): string => {
  const { log = false, format = (y: number) => String(y) } = chart
  const curves = chart.curves.map((curve) => ({
    ...curve,
    bins: bin(curve.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0))),
  }))
  const bins = curves.flatMap((curve) => curve.bins)
  const x = scaleLinear(widen(extent([0, ...bins.map((b) => b.x)]), false), [panel.left, panel.width - panel.right])
  const y = (log ? scaleLog : scaleLinear)(widen(extent(bins.flatMap((b) => [b.low, b.high])), log), [
    panel.height - panel.bottom,
    panel.top,
  ]).nice()

  const [bottom, right] = [panel.height - panel.bottom, panel.width - panel.right]
  const yTicks = log ? y.ticks(5).filter((tick) => /^[125]/.test(tick.toExponential())) : y.ticks(6)
  const parts = [
    text(panel.left, 24, chart.title, 'class="title"'),
    ...yTicks.map(
      (tick) =>
        `<path class="grid" d="M${panel.left},${round(y(tick))}H${right}"/>` +
        text(panel.left - 8, y(tick) + 4, format(tick), 'text-anchor="end"'),
    ),
    `<path class="axis" d="M${panel.left},${bottom}H${right}"/>`,
    ...x
      .ticks(6)
      .map(
        (tick) =>
          `<path class="axis" d="M${round(x(tick))},${bottom}v5"/>` +
          text(x(tick), bottom + 19, x.tickFormat(6)(tick), 'text-anchor="middle"'),
      ),
    text((panel.left + right) / 2, panel.height - 10, chart.xLabel, 'text-anchor="middle"'),
  ]

  const band = area<Bin>()
    .x((b) => x(b.x))
    .y0((b) => y(b.low))
    .y1((b) => y(b.high))
    .digits(1)
  const path = line<Bin>()
    .x((b) => x(b.x))
    .y((b) => y(b.mean))
    .digits(1)
  for (const [i, curve] of curves.entries()) {
    const colour = colours[i % colours.length]
    if (curve.points.length > curve.bins.length) parts.push(`<path fill="${colour}" opacity="0.2" d="${band(curve.bins)}"/>`)
    parts.push(`<path fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round" d="${path(curve.bins)}"/>`)
    if (curve.dots) {
      parts.push(...curve.bins.map((b) => `<circle fill="${colour}" r="3.5" cx="${round(x(b.x))}" cy="${round(y(b.mean))}"/>`))
      const last = curve.bins.at(-1)
      if (last) parts.push(text(x(last.x), y(last.mean) - 9, format(last.mean), 'class="value" text-anchor="end"'))
    }
    if (curves.length === 1) continue
    // The legend stands on the title's line, right to left, so that no curve runs under it.
    const at = right - 70 * (curves.length - i)
    parts.push(`<rect fill="${colour}" x="${at}" y="15" width="14" height="4" rx="2"/>`, text(at + 19, 22, curve.name))
  }
  return `<g transform="translate(${left},0)">${parts.join('\n')}</g>`
}

/** Charts side by side. The x axes begin at 0. */
export const plotCurves = (charts: readonly Chart[]): string => {
  const width = panel.width * charts.length
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${panel.height}" width="${width}" height="${panel.height}">
<style>
text { font: 12px system-ui, sans-serif; fill: #444 }
.title { font-size: 15px; font-weight: 600; fill: #111 }
.value { font-weight: 600; paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }
.grid { stroke: #e4e4e4 }
.axis { stroke: #888 }
</style>
<rect width="100%" height="100%" fill="#fff"/>
${charts.map((chart, i) => drawChart(chart, i * panel.width)).join('\n')}
</svg>
`
}
