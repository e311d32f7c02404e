/** Bytes of a module, put together as nested lists and flattened once at the end. */
export type Bytes = number | Uint8Array | readonly Bytes[]

/** LEB128 of an unsigned 32-bit number. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest ? low | 0x80 : low)
  } while (rest)
  return bytes
}

/** LEB128 of a signed 32-bit number. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const done = (rest === 0 && !(low & 0x40)) || (rest === -1 && Boolean(low & 0x40))
    bytes.push(done ? low : low | 0x80)
    if (done) return bytes
  }
}

export const float32Bytes = (value: number): Uint8Array => new Uint8Array(new Float32Array([value]).buffer)
export const float64Bytes = (value: number): Uint8Array => new Uint8Array(new Float64Array([value]).buffer)

/** A name: its length in bytes, then UTF-8. */
export function utf8(text: string): Bytes {
  const bytes = new TextEncoder().encode(text)
  return [unsigned(bytes.length), bytes]
}

export function sizeOf(bytes: Bytes): number {
  if (typeof bytes === 'number') return 1
  if (bytes instanceof Uint8Array) return bytes.length
  let size = 0
  for (const part of bytes) size += sizeOf(part)
  return size
}

export function flatten(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(sizeOf(bytes))
  let at = 0
  const write = (part: Bytes): void => {
    if (typeof part === 'number') result[at++] = part
    else if (part instanceof Uint8Array) {
      result.set(part, at)
      at += part.length
    } else for (const inner of part) write(inner)
  }
  write(bytes)
  return result
}

/** A vector of the binary format: the count, then the elements. */
export const list = (elements: readonly Bytes[]): Bytes => [unsigned(elements.length), elements]

/** Bytes preceded by their size. */
export const sized = (bytes: Bytes): Bytes => [unsigned(sizeOf(bytes)), bytes]
