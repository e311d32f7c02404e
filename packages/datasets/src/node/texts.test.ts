import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DatasetError } from '../errors.ts'
import type { PinnedSet } from './sources.ts'
import { readTextFile } from './text-file.ts'
import { cmudictSet, femaleNamesSet, maleNamesSet, mobyDickSet } from './text-sources.ts'
import { cmudict, firstNames, mobyDick, parsePronunciations, readText } from './texts.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tenon-texts-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatasetError)
  return (error as DatasetError).message
}

const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  const file = join(home, name)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, content)
  return file
}

describe('readTextFile', () => {
  it('gives the text as it is, without a byte order mark', async () => {
    expect(await readTextFile(await put('a.txt', 'né\r\n𝒳\n'))).toBe('né\r\n𝒳\n')
    expect(await readTextFile(await put('b.txt', '\ufeffné'))).toBe('né')
  })

  it('names a file that is missing, a folder, or not to be read, and says what to do', async () => {
    const missing = join(home, 'none.txt')
    expect(await failure(readTextFile(missing))).toBe(`cannot read ${missing}: there is no such file; check the path`)
    expect(await failure(readTextFile(home))).toBe(`cannot read ${home}: it is a folder; name a file in it`)
    const file = await put('a.txt', 'text')
    expect(await failure(readTextFile(join(file, 'b')))).toMatch(/a part of its path is a file, not a folder/)
    await chmod(file, 0o000)
    if (process.getuid?.() !== 0) expect(await failure(readTextFile(file))).toMatch(/you may not read it/)
  })

  it('refuses an empty file', async () => {
    for (const empty of ['', '\ufeff']) {
      const file = await put('empty.txt', empty)
      expect(await failure(readTextFile(file))).toBe(`${file} is empty; give a file with text in it`)
    }
  })

  it.each<[string, readonly number[], number]>([
    ['Latin-1', [0x6e, 0x61, 0xef, 0x76, 0x65], 2],
    ['cut off in a character', [0x61, 0xc3], 1],
    ['no text at all', [0xff, 0xfe, 0x00], 0],
    ['a character of two units of UTF-16', [0x61, 0x62, 0xed, 0xa0, 0x80], 2],
  ])('refuses what is %s, and says where', async (_, bytes, at) => {
    const file = await put('wrong.txt', Uint8Array.from(bytes))
    const hex = bytes[at]!.toString(16).toUpperCase()
    expect(await failure(readTextFile(file))).toMatch(`${file} is not UTF-8 text: byte ${at} (0x${hex}) cannot be read; convert it`)
  })
})

describe('a text in the cache', () => {
  const set = (content: Uint8Array): PinnedSet => ({
    title: 'Tiny text',
    folder: 'tiny-text',
    licence: 'MIT, nobody',
    source: { kind: 'http', base: 'http://127.0.0.1:9/', bytes: 1 },
    files: [{ name: 'data.txt', bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }],
  })

  it('is read and verified', async () => {
    const content = Buffer.from('Call me Ishmael — né')
    const file = await put('tiny-text/data.txt', content)
    expect(await readText(set(content), { cacheDir: home })).toBe('Call me Ishmael — né')
    await writeFile(file, 'something else')
    expect(await failure(readText(set(content), { cacheDir: home }))).toMatch(`${file} is damaged: it should have`)
  })

  it('that is not there is asked for by name, with what to do', async () => {
    expect(await failure(readText(set(Buffer.from('x')), { cacheDir: home }))).toMatch(
      /Tiny text is not in the cache folder.*put these files there by hand, as they are or with \.gz: data\.txt/s,
    )
  })

  it.each([
    ['moby-dick/data.txt', mobyDick],
    ['female-first-names-en/names.txt', firstNames],
    ['cmudict/dict.txt', cmudict],
  ])('%s is what the loader of that name looks at', async (name, load) => {
    const file = await put(name, 'not the book')
    expect(await failure(load({ cacheDir: home }))).toMatch(`${file} is damaged`)
  })
})

describe('parsePronunciations', () => {
  it('tells the word, its sounds and which of its pronunciations it is', () => {
    expect(parsePronunciations("A  AH0\nA(1)  EY1\n'BOUT  B AW1 T\n(PAREN  P ER0 EH1 N\n")).toEqual([
      { word: 'A', phonemes: ['AH0'], variant: 0 },
      { word: 'A', phonemes: ['EY1'], variant: 1 },
      { word: "'BOUT", phonemes: ['B', 'AW1', 'T'], variant: 0 },
      { word: '(PAREN', phonemes: ['P', 'ER0', 'EH1', 'N'], variant: 0 },
    ])
  })
})

describe('the published texts', () => {
  it('are pinned: version, sizes, checksum and licence', () => {
    const sets = [mobyDickSet, femaleNamesSet, maleNamesSet, cmudictSet]
    for (const { source, files, licence } of sets) {
      expect(source).toMatchObject({ kind: 'npm', package: expect.stringMatching(/^@stdlib\/datasets-[a-z-]+@\d+\.\d+\.\d+$/) })
      expect(files[0]!.sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(licence).toMatch(/CC0|BSD/)
    }
    expect(new Set(sets.map(({ folder }) => folder)).size).toBe(sets.length)
    expect(new Set(sets.map(({ files }) => files[0]!.sha256)).size).toBe(sets.length)
  })
})
