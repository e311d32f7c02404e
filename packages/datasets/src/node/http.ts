import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { readAtMost } from './streams.ts'

/** Fetches a gzipped file and gives what is in it, at most `limit` bytes. */
export const fetchGzip = async (address: string, limit: number, onBytes: (count: number) => void): Promise<Uint8Array> => {
  const response = await fetch(address).catch((error: Error) => {
    // fetch says only "fetch failed"; the reason is in the cause.
    throw new Error(`${address}: ${(error.cause as Error | undefined)?.message || error.message}`, { cause: error })
  })
  if (!response.ok || !response.body) throw new Error(`${address}: the server answered ${response.status} ${response.statusText}`)
  let bytes: Uint8Array = new Uint8Array(0)
  const count = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      onBytes(chunk.length)
      yield chunk
    }
  }
  await pipeline(Readable.fromWeb(response.body as never), count, createGunzip(), async (unpacked: AsyncIterable<Uint8Array>) => {
    bytes = await readAtMost(unpacked, limit, address)
  })
  return bytes
}
