/** The lines, the chart and the picture of a run that are this command's own. */
import { type LineReport, type MetricsCurves, withCommas } from '@tenon/app-kit'
import type { Chart } from '@tenon/train'
import type { Errors } from './error-rate.ts'
import { errorRate } from './error-rate.ts'
import type { AttentionMap } from './pronounce.ts'

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

export const trainLine = ({ epoch, done, all, loss }: LineReport): string =>
  `Train Epoch: ${epoch} [${done}/${all} (${Math.round((100 * done) / all)}%)]  Loss: ${loss.toFixed(6)}`

export const testLine = (errors: Errors): string =>
  `Test set: Phoneme error rate: ${percent(errorRate(errors))} (${withCommas(errors.edits)} of ${withCommas(errors.phonemes)} phonemes), ` +
  `words right: ${percent(errors.right / errors.words)}`

export const errorRateChart = ({ xLabel, points }: MetricsCurves): Chart[] => [
  {
    title: 'Phoneme error rate',
    xLabel,
    format: (value) => `${Number((value * 100).toFixed(2))} %`,
    curves: [{ name: 'validation', points: points('validation', 'errorRate'), dots: true }],
  },
]

const cell = 36
const left = 72
const top = 76

/** A square for each letter and phoneme, the darker the more the phoneme looks at the letter; as an SVG text. */
export const drawAttention = ({ spelling, phonemes, weights }: AttentionMap): string => {
  const rows = [...phonemes, 'end']
  const [width, height] = [left + spelling.length * cell + 20, top + rows.length * cell + 20]
  const squares = weights.flatMap((row, y) =>
    row.map(
      (weight, x) =>
        `<rect x="${left + x * cell}" y="${top + y * cell}" width="${cell - 1}" height="${cell - 1}" fill="#0072b2" fill-opacity="${weight.toFixed(3)}"/>`,
    ),
  )
  const label = (text: string, x: number, y: number, anchor: string): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.max(width, 260)} ${height}" width="${Math.max(width, 260)}" height="${height}">
<style>
text { font: 14px system-ui, sans-serif; fill: #444 }
.title { font-size: 16px; font-weight: 600; fill: #111 }
.grid { fill: #f3f5f7 }
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="20" y="28">How ${spelling} is read</text>
<rect class="grid" x="${left}" y="${top}" width="${spelling.length * cell - 1}" height="${rows.length * cell - 1}"/>
${[...spelling].map((letter, x) => label(letter, left + (x + 0.5) * cell, top - 10, 'middle')).join('\n')}
${rows.map((phoneme, y) => label(phoneme, left - 12, top + (y + 0.5) * cell + 5, 'end')).join('\n')}
${squares.join('\n')}
</svg>
`
}
