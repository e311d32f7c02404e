/** All bytes of a stream that should have `limit` of them. @throws Error as soon as there are more */
export const readAtMost = async (
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  limit: number,
  name: string,
  onBytes: (count: number) => void = () => {},
): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > limit) throw new Error(`${name} has more than the ${limit} bytes that it should have`)
    chunks.push(chunk)
    onBytes(chunk.length)
  }
  return Buffer.concat(chunks)
}
