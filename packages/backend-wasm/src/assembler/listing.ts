/**
 * Function bodies for people to read: an instruction a line, indented by block. Names come from the tables that assemble, so that an instruction that
 * is added there is known here; only what the tables do not hold stands below.
 */
import { type Bytes, flatten } from './bytes.ts'
import { f32, f32x4, f64x2, i8x16, i16x8, i32, i32x4, i64x2, memoryCopy, memoryFill, v128 } from './instructions.ts'
import type { FunctionBuilder } from './module.ts'

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Bytes) {
    this.#bytes = flatten(bytes)
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    return this.#bytes[this.#at++]!
  }

  take(count: number): Uint8Array {
    return this.#bytes.slice(this.#at, (this.#at += count))
  }

  /** LEB128. */
  number(isSigned = false): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return isSigned && byte & 0x40 && shift < 28 ? value | (-1 << (shift + 7)) : isSigned ? value : value >>> 0
    }
  }

  /** An instruction's number: what follows a prefix counts from 2¹⁶ · prefix on. */
  opcode(): number {
    const first = this.byte()
    return first < 0xfc ? first : (first << 16) + this.number()
  }
}

/** `truncSatF32S` → `trunc_sat_f32_s`. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** An operand without bytes, and at the same time 16 lanes. */
const blank = Object.assign(new Array<number>(16).fill(0), { type: 'i32', bytes: [] }) as never
const opcodeOf = (instruction: (...operands: never[]) => { readonly bytes: Bytes }): number =>
  new Reader(instruction(blank, blank, blank).bytes).opcode()

const names = new Map<number, string>([
  [0x03, 'loop'],
  [0x04, 'if'],
  [0x05, 'else'],
  [0x0b, 'end'],
  [0x0d, 'br_if'],
  [0x10, 'call'],
  [0x1b, 'select'],
  [0x1c, 'select t'],
  [0x20, 'local.get'],
  [0x21, 'local.set'],
  [0x22, 'local.tee'],
  [opcodeOf(i32x4.const as never), 'v128.const'],
  [opcodeOf(memoryCopy), 'memory.copy'],
  [opcodeOf(memoryFill), 'memory.fill'],
])
for (const [type, table] of Object.entries({ i32, f32, v128, i8x16, i16x8, i32x4, f32x4, f64x2, i64x2 })) {
  for (const [name, instruction] of Object.entries(table)) {
    const opcode = typeof instruction === 'function' ? opcodeOf(instruction as never) : null
    if (opcode !== null && !names.has(opcode)) names.set(opcode, `${type}.${snake(name)}`)
  }
}

/** What stands behind an instruction's number, in words. */
function operands(name: string, code: Reader): string {
  if (name === 'i32.const') return `${code.number(true)}`
  if (name === 'f32.const') return `${new Float32Array(code.take(4).buffer)[0]}`
  if (name === 'v128.const') return [...new Uint32Array(code.take(16).buffer)].map((lane) => `0x${lane.toString(16)}`).join(' ')
  if (name === 'i8x16.shuffle') return code.take(16).join(' ')
  if (name === 'loop' || name === 'if') return blockType(code.byte())
  if (name === 'select t') return blockType(code.take(2)[1]!)
  if (name.startsWith('memory.')) code.take(name === 'memory.copy' ? 2 : 1) // the one memory that there is
  if (/^(local\.|call|br_if)/.test(name)) return `${code.number()}`
  if (/\.(load|store)/.test(name)) {
    code.byte()
    const offset = code.number()
    const lane = name.endsWith('_lane') ? ` lane ${code.byte()}` : ''
    return `${offset > 0 ? `offset=${offset}` : ''}${lane}`
  }
  return /\.(extract|replace)$/.test(name) ? `${code.byte()}` : ''
}

const types: Readonly<Record<number, string>> = { 127: 'i32', 125: 'f32', 124: 'f64', 123: 'v128', 64: '' }
const blockType = (byte: number): string => types[byte] ?? `type ${byte}`

/** The code of a function, a line for each instruction. */
export function listing(f: FunctionBuilder): string[] {
  const code = new Reader(f.code())
  code.number() // its size
  const lines: string[] = []
  for (let runs = code.number(); runs > 0; runs--) lines.push(`  local ${code.number()} × ${blockType(code.byte())}`)
  let depth = 1
  while (!code.done) {
    const opcode = code.opcode()
    const name = names.get(opcode)
    if (!name) throw new Error(`wasm: no name for the instruction 0x${opcode.toString(16)}`)
    if (name === 'end' || name === 'else') depth -= 1
    lines.push(`${'  '.repeat(depth)}${name} ${operands(name, code)}`.trimEnd())
    if (name === 'loop' || name === 'if' || name === 'else') depth += 1
  }
  return lines
}
