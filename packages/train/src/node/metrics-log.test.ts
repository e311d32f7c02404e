import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MetricsLog, readMetrics } from './metrics-log.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-metrics-'))
  file = join(folder, 'metrics.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('MetricsLog', () => {
  it('writes one JSON object a line', async () => {
    const log = await MetricsLog.open(file)
    log.add({ step: 1, loss: 2.5 })
    log.add({ step: 2, loss: Number.NaN })
    log.flush()
    expect(readFileSync(file, 'utf8')).toBe('{"step":1,"loss":2.5}\n{"step":2,"loss":null}\n')
  })

  it('goes on after the records that a resumed run keeps', async () => {
    const first = await MetricsLog.open(file)
    for (const step of [1, 2, 3]) first.add({ step })
    first.flush()
    const second = await MetricsLog.open(file, ({ step }) => (step as number) <= 1)
    second.add({ step: 2, again: true })
    second.flush()
    expect(readMetrics(file)).toEqual([{ step: 1 }, { step: 2, again: true }])
  })

  it('drops a last line that a kill cut off', async () => {
    const log = await MetricsLog.open(file)
    log.add({ step: 1 })
    log.flush()
    appendFileSync(file, '{"step":2,"lo')
    expect(readMetrics(file)).toEqual([{ step: 1 }])
  })

  it('reads no records where there is no file', () => {
    expect(readMetrics(file)).toEqual([])
  })
})
