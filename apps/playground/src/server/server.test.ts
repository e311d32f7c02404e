import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld } from '@tenon/app-kit/testing'
import { DatasetError } from '@tenon/datasets'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DataFiles } from './data.ts'
import { runServer } from './run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-server-'))
  await writeFile(join(folder, 'index.html'), '<title>page</title>')
})
afterEach(() => rm(folder, { recursive: true }))

const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7)
const files: DataFiles = new Map([['t10k-labels-idx1-ubyte', labels]])

/** Runs the program, asks it for things, and interrupts it. */
const serve = async (line: string, ask: (url: string) => Promise<void>, readFiles = async (): Promise<DataFiles> => files) => {
  const { world, printed, interrupt } = testWorld()
  const ended = runServer(line.split(' ').filter(Boolean), { ...world, folder, readFiles })
  await expect.poll(() => printed.out).toMatch(/at http\S+\n/)
  await ask(/http\S+/.exec(printed.out)![0])
  interrupt()
  return { code: await ended, ...printed }
}

describe('the server', () => {
  it('gives the page and the files of the cache, under a strict policy and isolated, until it is interrupted', async () => {
    let asked = 0
    const { code, err } = await serve(
      '--port 0',
      async (url) => {
        const page = await fetch(url)
        expect(await page.text()).toBe('<title>page</title>')
        const data = await fetch(`${url}/data/t10k-labels-idx1-ubyte`)
        expect(new Uint8Array(await data.arrayBuffer())).toEqual(labels)
        expect(data.headers.get('content-length')).toBe('9')
        for (const { headers } of [page, data]) {
          expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/)
          expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
          expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
        }
        for (const path of ['/nothing', '/data/nothing', '/data/../main.js', '/data/']) expect((await fetch(url + path)).status).toBe(404)
      },
      async () => {
        asked++
        return files
      },
    )
    expect([code, err, asked]).toEqual([0, '', 1])
  })

  it('leaves out isolation, and allows code from text, where it is told so', async () => {
    await serve('--port 0 --no-isolation --allow-eval', async (url) => {
      const { headers } = await fetch(url)
      expect(headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval';")
      expect([headers.get('cross-origin-opener-policy'), headers.get('cross-origin-embedder-policy')]).toEqual([null, null])
    })
  })

  it('takes a free port where the one that was asked for is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      await serve(`--port ${port}`, async (url) => {
        expect(new URL(url).port).not.toBe(String(port))
        expect((await fetch(url)).status).toBe(200)
      })
    } finally {
      other.close()
    }
  })

  it('says in the terminal and to the page why there are no digits, and has them fetched again when they are asked for again', async () => {
    const problem = 'MNIST is not in the cache folder and could not be fetched.'
    let tries = 0
    const readFiles = async (): Promise<DataFiles> => {
      if (++tries < 3) throw new DatasetError(problem)
      return files
    }
    const { code, err } = await serve(
      '--port 0',
      async (url) => {
        const refused = await fetch(`${url}/data/t10k-labels-idx1-ubyte`)
        expect([refused.status, await refused.text()]).toEqual([503, problem])
        for (let i = 0; i < 2; i++) expect((await fetch(`${url}/data/t10k-labels-idx1-ubyte`)).status).toBe(200)
      },
      readFiles,
    )
    expect(code).toBe(0)
    expect(err).toBe(`error: ${problem}\nThe page will try again when it is asked to train.\n`)
    expect(tries).toBe(3)
  })

  it.each([
    ['--port x', "error: option '--port <n>' argument 'x' is invalid. It must be a port, 0 to 65535.\n"],
    ['--prot 1', "error: unknown option '--prot' (Did you mean --port?)\n"],
  ])('answers %s with one line', async (line, expected) => {
    const { world, printed } = testWorld()
    expect(await runServer(line.split(' '), { ...world, folder, readFiles: async () => files })).toBe(2)
    expect(printed.err).toBe(expected)
  })

  it('explains its options', async () => {
    const { world, printed } = testWorld()
    expect(await runServer(['--help'], { ...world, folder, readFiles: async () => files })).toBe(0)
    expect(printed.out).toContain('--no-isolation')
  })
})
