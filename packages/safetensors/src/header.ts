import { readable, type Stored } from './dtypes.ts'
import { SafetensorsError } from './errors.ts'

/** The reference implementation's limit. A model of 100,000 tensors stays below 20 MB. */
export const maxHeaderBytes = 100_000_000

export const metadataKey = '__metadata__'

/** One tensor of a header whose place and shape were checked. Offsets count from the end of the header. */
export interface Entry {
  readonly name: string
  readonly stored: Stored
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly entries: readonly Entry[]
  readonly metadata: Readonly<Record<string, string>>
  /** Where the tensors' bytes begin. */
  readonly dataStart: number
}

type Refuse = (problem: string) => never

/**
 * Reads and checks all that a file says about itself before any tensor is touched. What it allocates is bounded by the
 * size of the header, never by a number that stands in it.
 */
export const readHeader = (bytes: Uint8Array, refuse: Refuse): Header => {
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes, fewer than the 8 that hold the length of the header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerBytes = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
  if (headerBytes > maxHeaderBytes) {
    refuse(`it claims a header of ${headerBytes} bytes, and ${maxHeaderBytes} is the limit; it is damaged or another format`)
  }
  const dataStart = 8 + headerBytes
  if (dataStart > bytes.length) {
    refuse(`it is cut off: the header should have ${headerBytes} bytes, ${bytes.length - 8} are there`)
  }
  const fields = parseHeader(bytes.subarray(8, dataStart), refuse)
  const entries: Entry[] = []
  let metadata: Readonly<Record<string, string>> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === metadataKey) metadata = readMetadata(value, refuse)
    else entries.push(readEntry(name, value, refuse))
  }
  checkTiling(entries, bytes.length - dataStart, refuse)
  return { entries, metadata, dataStart }
}

const parseHeader = (bytes: Uint8Array, refuse: Refuse): Record<string, unknown> => {
  if (bytes[0] !== 0x7b) refuse("the header does not begin with '{'")
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuse('the header is not UTF-8 text')
  }
  checkKeys(text, refuse)
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    return refuse(`the header is not JSON (${(error as Error).message})`)
  }
}

/**
 * What JSON.parse would let through: keys that come twice (it keeps the last, other readers the first, so that two people
 * would see two models), and nesting so deep that parsing it costs far more memory than its text.
 */
const checkKeys = (text: string, refuse: Refuse): void => {
  /** The keys met so far of each object that is open here; null for an array. */
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null)
      if (open.length > 3) refuse(`the header is nested too deeply at character ${at}`)
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const start = at + 1
      at = endOfString(text, start)
      if (text[skipSpace(text, at + 1)] !== ':') continue
      const key = unescape(text.slice(start, at))
      const keys = open.at(-1)
      if (keys?.has(key)) refuse(`the header has ${show(key)} twice`)
      keys?.add(key)
    }
  }
}

const endOfString = (text: string, from: number): number => {
  let at = from
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

const skipSpace = (text: string, from: number): number => {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++
  return at
}

/** An escaped spelling of a name is another spelling of the same name. */
const unescape = (key: string): string => {
  if (!key.includes('\\')) return key
  try {
    return JSON.parse(`"${key}"`) as string
  } catch {
    return key
  }
}

const readEntry = (name: string, info: unknown, refuse: Refuse): Entry => {
  const { dtype, shape, data_offsets: offsets } = (info ?? {}) as Record<string, unknown>
  const refuseTensor: Refuse = (problem) => refuse(`tensor ${show(name)} ${problem}`)
  const stored = readable.get(dtype as string)
  if (!stored) {
    return refuseTensor(`has dtype ${show(dtype)}; readable are ${[...readable.keys()].join(', ')}`)
  }
  if (!isWholeNumbers(shape)) return refuseTensor(`has shape ${show(shape)}, not a list of whole numbers`)
  if (!isWholeNumbers(offsets) || offsets.length !== 2) {
    return refuseTensor(`has data_offsets ${show(offsets)}, not two whole numbers`)
  }
  const [begin, end] = offsets as [number, number]
  let size = stored.bytes
  for (const dim of shape) {
    size *= dim
    if (!Number.isSafeInteger(size)) refuseTensor(`has shape ${show(shape)}, more than any file can hold`)
  }
  if (end - begin !== size) {
    refuseTensor(`is ${dtype} ${show(shape)}, which takes ${size} bytes, but its data_offsets are ${show(offsets)}`)
  }
  return { name, stored, shape, begin, end }
}

const isWholeNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((number) => Number.isSafeInteger(number) && number >= 0)

/** Each byte of the data belongs to exactly one tensor: nothing hidden, nothing shared, nothing missing. */
const checkTiling = (entries: Entry[], dataBytes: number, refuse: Refuse): void => {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let end = 0
  let previous = ''
  for (const entry of entries) {
    if (entry.begin < end) refuse(`tensors ${show(previous)} and ${show(entry.name)} overlap`)
    if (entry.begin > end) refuse(`the ${entry.begin - end} bytes before tensor ${show(entry.name)} belong to no tensor`)
    end = entry.end
    previous = entry.name
  }
  if (end > dataBytes) refuse(`it is cut off: the tensors need ${end} bytes, ${dataBytes} are there`)
  if (end < dataBytes) refuse(`it has ${dataBytes - end} bytes after the last tensor`)
}

const readMetadata = (metadata: unknown, refuse: Refuse): Record<string, string> => {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    return refuse(`${metadataKey} is not an object of strings`)
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') refuse(`${metadataKey} holds ${show(value)} at ${show(key)}, where only strings may stand`)
  }
  return metadata as Record<string, string>
}

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

export const makeRefuse =
  (source: string): Refuse =>
  (problem) => {
    throw new SafetensorsError(`${source} is not a usable safetensors file: ${problem}`)
  }
