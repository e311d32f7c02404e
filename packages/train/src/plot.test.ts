import { describe, expect, it } from 'vitest'
import { type Point, plotCurves } from './plot.ts'

/** Every coordinate that is drawn, as a number. */
const coordinates = (svg: string): number[] =>
  [...svg.matchAll(/ (?:d|x|y|cx|cy)="([^"]+)"/g)].flatMap(([, value]) => value!.match(/-?[\d.]+|NaN|Infinity/g) ?? []).map(Number)

const curve = (points: readonly Point[]): { name: string; points: readonly Point[] } => ({ name: 'train', points })

describe('plotCurves', () => {
  it('draws one panel for each chart, with its title, axis label and legend', () => {
    const svg = plotCurves([
      {
        title: 'Loss',
        xLabel: 'epochs',
        curves: [
          curve([
            [0, 2],
            [1, 1],
          ]),
          { name: 'test', points: [[1, 1.5]], dots: true },
        ],
      },
      {
        title: 'Accuracy',
        xLabel: 'epochs',
        curves: [
          curve([
            [0, 0.5],
            [1, 0.9],
          ]),
        ],
      },
    ])
    for (const text of ['>Loss<', '>Accuracy<', '>epochs<', '>train<', '>test<']) expect(svg).toContain(text)
    expect(svg.match(/<g /g)).toHaveLength(2)
    expect(svg.match(/<circle/g)).toHaveLength(1)
  })

  it('draws many points as means within a band, so that the file stays small', () => {
    const points = Array.from({ length: 100_000 }, (_, i): Point => [i, 1 + Math.sin(i)])
    expect(plotCurves([{ title: 'Loss', xLabel: 'step', curves: [curve(points)] }]).length).toBeLessThan(12_000)
  })

  it('gives finite coordinates for no points, one point, equal points and values that a log axis cannot show', () => {
    const cases: Point[][] = [
      [],
      [[1, 2]],
      [
        [1, 2],
        [2, 2],
      ],
      [
        [1, 0],
        [2, -1],
        [3, Number.NaN],
        [4, 5],
      ],
    ]
    for (const points of cases) {
      for (const log of [false, true]) {
        const drawn = coordinates(plotCurves([{ title: 't', xLabel: 'x', log, curves: [{ ...curve(points), dots: true }] }]))
        expect(drawn.every(Number.isFinite), `${JSON.stringify(points)}, log ${log}`).toBe(true)
      }
    }
  })

  it('writes names that hold markup as text', () => {
    const svg = plotCurves([{ title: 'a < b & "c"', xLabel: 'x', curves: [] }])
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;')
  })
})
