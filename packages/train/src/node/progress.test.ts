import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { formatDuration, Progress } from './progress.ts'

const stream = (isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } => {
  const through = new PassThrough()
  const chunks: string[] = []
  through.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return {
    stream: Object.assign(through, { isTTY, columns: 120 }) as unknown as NodeJS.WriteStream,
    text: () => chunks.join(''),
  }
}

describe('Progress', () => {
  it('prints only lines where there is no terminal: no bar, no control characters', () => {
    const { stream: out, text } = stream(false)
    const progress = new Progress({ total: 100, unit: 'images', stream: out })
    progress.update(50, 'loss 0.3')
    progress.line('half')
    progress.stop()
    expect(text()).toBe('half\n')
  })

  it('shows bar, percentage, rate, time left and note on a terminal', async () => {
    const { stream: out, text } = stream(true)
    const progress = new Progress({ total: 1000, start: 500, unit: 'images', stream: out })
    await new Promise((resolve) => setTimeout(resolve, 100))
    progress.update(750, 'loss 0.3')
    await new Promise((resolve) => setTimeout(resolve, 150))
    progress.stop()
    expect(text()).toMatch(/━+─+.* 75% {2}[\d,]+ images\/s {2}\d+ s left {2}loss 0\.3/)
    // 250 images in 0.1 s: what was done before the start is no part of the rate.
    const rate = Number(/([\d,]+) images\/s {2}\d/.exec(text())![1]!.replaceAll(',', ''))
    expect(rate).toBeGreaterThan(500)
    expect(rate).toBeLessThan(2600)
  })

  it('prints lines above the bar', () => {
    const { stream: out, text } = stream(true)
    const progress = new Progress({ total: 10, unit: 'images', stream: out })
    progress.line('Train Epoch: 0')
    progress.stop()
    expect(text()).toContain('Train Epoch: 0\n')
  })
})

describe('formatDuration', () => {
  it('uses the two largest units', () => {
    expect([0, 9.6, 75, 3600, 90061].map(formatDuration)).toEqual(['0 s', '10 s', '1 m 15 s', '1 h 0 m', '25 h 1 m'])
  })
})
