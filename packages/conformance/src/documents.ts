/** The programs that stand in documents, run as their readers would run them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { cpu } from '@tenon/backend-cpu'
import { useBackend } from '@tenon/tensor'
import { vi } from 'vitest'
import { packageSource } from './package-source.ts'

export interface Block {
  /** Empty for what is printed. */
  readonly language: string
  readonly text: string
}

/** What stands in fences. */
export const blocksOf = (text: string): Block[] =>
  [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, language, block]) => ({ language: language!, text: block! }))

export type Files = Readonly<Record<string, string>>

/**
 * Imports one of these files, which find one another by their names, and packages as in the workspace; gives what it prints, to either stream.
 * `replaced` are packages' names for which a file stands.
 */
export async function runFile(files: Files, name: string, replaced: Files = {}): Promise<string> {
  // Outside the workspace, where no package can be found by its name.
  const folder = await mkdtemp(join(tmpdir(), 'tenon-document-'))
  const source = (quoted: string, name: string, entry?: string): string =>
    quoted.slice(1, -1) in replaced ? `'./${replaced[quoted.slice(1, -1)]}'` : packageSource(name, entry)
  const lines: string[] = []
  const print = (...values: unknown[]): void => {
    lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  }
  const log = vi.spyOn(console, 'log').mockImplementation(print)
  const error = vi.spyOn(console, 'error').mockImplementation(print)
  try {
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(folder, file), text.replace(/'@tenon\/([\w-]+)(\/[\w-]+)?'/g, source))
    }
    await import(join(folder, name))
  } finally {
    log.mockRestore()
    error.mockRestore()
    await useBackend(cpu())
    await rm(folder, { recursive: true })
  }
  return lines.map((line) => `${line}\n`).join('')
}
