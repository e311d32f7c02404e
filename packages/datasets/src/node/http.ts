import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

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

/** All bytes of a stream. @throws Error as soon as there are more than `limit` */
const readAtMost = async (stream: AsyncIterable<Uint8Array>, limit: number, name: string): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > limit) throw new Error(`${name} has more than the ${limit} bytes that it should have`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
