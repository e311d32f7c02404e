import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileError, writeFileAtomic } from './atomic-write.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-atomic-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A program that writes with `writeFileAtomic`, as a file that Node 20 runs. */
const buildWriter = (body: string): string => {
  const file = join(folder, 'writer.mjs')
  buildSync({
    stdin: {
      contents: `import { writeFileAtomic } from './atomic-write.ts'\n${body}`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: file,
    logLevel: 'error',
  })
  return file
}

const leftovers = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith('.tmp'))

describe('writeFileAtomic', () => {
  it('makes the folder, writes the file and replaces it', async () => {
    const file = join(folder, 'runs', 'a', 'data.bin')
    await writeFileAtomic(file, 'first')
    await writeFileAtomic(file, new Uint8Array([1, 2]))
    expect([...(await readFile(file))]).toEqual([1, 2])
    expect(await readdir(join(folder, 'runs', 'a'))).toEqual(['data.bin'])
  })

  it('leaves the old file and nothing else when the new one does not fit', async () => {
    const file = join(folder, 'data.bin')
    await writeFile(file, 'old')
    const writer = buildWriter(`
      try { await writeFileAtomic(process.argv[2], new Uint8Array(4 << 20)) } catch (error) { console.log(error.name, error.message) }`)
    // The shell lets its child write files of at most 1 MiB: a real refusal by the system in the middle of the write.
    const said = execFileSync('sh', ['-c', 'ulimit -f 2048; exec "$0" "$1" "$2"', process.execPath, writer, file], {
      encoding: 'utf8',
    })
    expect(said.trim()).toBe(
      `FileError cannot write ${file}: it would be larger than this process may write (EFBIG); raise the limit (ulimit -f)`,
    )
    expect(await readFile(file, 'utf8')).toBe('old')
    expect(await leftovers()).toEqual([])
  })

  it('leaves a whole file when killed at any time, and what a killed writer left is removed by the next', async () => {
    const file = join(folder, 'data.bin')
    const size = 8 << 20
    await writeFile(file, new Uint8Array(size))
    const writer = buildWriter(`
      for (let i = 1; ; i = (i % 255) + 1) {
        await writeFileAtomic(process.argv[2], new Uint8Array(${size}).fill(i))
        process.stdout.write('.')
      }`)
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 7 * round))
      child.kill('SIGKILL')
      await once(child, 'exit')
      const content = await readFile(file)
      expect(content.length).toBe(size)
      expect(content.every((byte) => byte === content[0])).toBe(true)
    }
    // One that is certain to be there, whatever the kills hit: of a process that has ended, and of one that runs.
    const ended = spawn(process.execPath, ['-e', ''])
    await once(ended, 'exit')
    await writeFile(join(folder, `.data.bin.${ended.pid}.00000000.tmp`), 'cut off')
    await writeFile(join(folder, `.data.bin.${process.ppid}.00000000.tmp`), 'being written')
    await writeFileAtomic(file, 'new')
    expect(await leftovers()).toEqual([`.data.bin.${process.ppid}.00000000.tmp`])
  })
})

describe('fileError', () => {
  it('says which file, what a system error means, and what to do', () => {
    const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(fileError('write', 'runs/a.bin', cause).message).toBe(
      'cannot write runs/a.bin: the disk is full (ENOSPC); free some space and try again',
    )
  })

  it('passes on what it has no words for', () => {
    expect(fileError('read', 'a.bin', new Error('odd')).message).toBe('cannot read a.bin: odd')
  })
})
