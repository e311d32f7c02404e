/** Metrics as JSON lines: one record a line, appended as they come, so that a killed run keeps all but its last moment. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { fileError, writeFileAtomic } from './atomic-write.ts'

/** Numbers that JSON does not know (NaN, Infinity) are written as null. */
export type MetricsRecord = Readonly<Record<string, string | number | boolean | null>>

/** The records of a file; none if there is no such file. A last line that was cut off by a kill is left out. */
export const readMetrics = (file: string): MetricsRecord[] => {
  if (!existsSync(file)) return []
  const complete = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return complete.filter((line) => line !== '').map((line) => JSON.parse(line) as MetricsRecord)
}

/** Appends records to a file of JSON lines. */
export class MetricsLog {
  readonly file: string
  private unwritten: string[] = []

  private constructor(file: string) {
    this.file = file
  }

  /**
   * Opens `file` for appending. What is there already stays as far as `keep` wants it: a resumed run drops the records
   * of steps that it is about to do again.
   */
  static async open(file: string, keep: (record: MetricsRecord) => boolean = () => true): Promise<MetricsLog> {
    const kept = readMetrics(file).filter(keep)
    await writeFileAtomic(file, kept.map((record) => `${JSON.stringify(record)}\n`).join(''))
    return new MetricsLog(file)
  }

  /** Takes a record; `flush` writes it. */
  add(record: MetricsRecord): void {
    this.unwritten.push(`${JSON.stringify(record)}\n`)
  }

  /** @throws FileError */
  flush(): void {
    try {
      if (this.unwritten.length > 0) appendFileSync(this.file, this.unwritten.join(''))
    } catch (error) {
      throw fileError('write', this.file, error)
    }
    this.unwritten = []
  }
}
