/** Programs: their commands and arguments are written into one block of memory, and walked from there without coming back to JavaScript. */
import { kernelsOf, type Program, type ProgramBuffer } from '@tenon/kernel'
import { type Commands, encode, type Worth } from './commands.ts'
import { type Job, jobAt, jobWords } from './control.ts'
import type { KernelCache } from './kernels.ts'

/** A program, and its commands for the kernels that the cache holds now. */
export class BoundProgram {
  readonly program: Program
  readonly external: readonly ProgramBuffer[]
  readonly #cache: KernelCache
  readonly #threads: number
  readonly #worth: Worth
  #generation = -1
  #commands: Commands | null = null
  #aliasedCommands: Commands | null = null

  constructor(program: Program, cache: KernelCache, threads: number, worth: Worth) {
    this.program = program
    this.external = program.buffers.filter(({ role }) => role === 'external')
    this.#cache = cache
    this.#threads = threads
    this.#worth = worth
  }

  /** `aliased` where one of the external buffers was given twice. */
  commands(aliased: boolean): Commands {
    const known = aliased ? this.#aliasedCommands : this.#commands
    if (known && this.#generation === this.#cache.generation) return known
    const kernels = this.#cache.get(kernelsOf(this.program))
    if (this.#generation !== this.#cache.generation) this.#commands = this.#aliasedCommands = null
    this.#generation = this.#cache.generation
    const made = encode(this.program, kernels, this.#threads, this.#worth, aliased)
    if (aliased) this.#aliasedCommands = made
    else this.#commands = made
    return made
  }
}

/** Where the blocks of a run lie, and how often they have moved so far. */
export interface Placement {
  readonly moves: number
  readonly block: number
  readonly arena: number
  readonly scratch: number
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Bytes of the block for commands and arguments, and of all scratch memory. */
export const blockBytes = ({ words, argumentWords }: Commands, threads: number): number =>
  align(words.byteLength) + (1 + threads) * align(4 * argumentWords)
export const scratchStride = ({ scratchBytes }: Commands): number => align(scratchBytes)

/** Writes runs down, so that the threads can walk them. */
export class JobWriter {
  readonly #memory: WebAssembly.Memory
  #words: Int32Array = new Int32Array(0)
  #floats: Float32Array = new Float32Array(0)
  /** The commands that stand in the block, and how often it and what they name had moved when they were written. */
  #written: Commands | null = null
  #moves = 0
  /** Where the addresses of external buffers go: a word, and the number of one, in turns. */
  #external: number[] = []

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
  }

  /** `external` are the addresses of the external buffers. */
  write({ program }: BoundProgram, commands: Commands, place: Placement, external: readonly number[], scalars: readonly number[]): void {
    const { buffer } = this.#memory
    if (this.#words.buffer !== buffer) {
      this.#words = new Int32Array(buffer)
      this.#floats = new Float32Array(buffer)
    }
    const [words, floats] = [this.#words, this.#floats]
    const first = place.block + align(commands.words.byteLength)
    const stride = align(4 * commands.argumentWords)
    if (this.#written !== commands || this.#moves !== place.moves) {
      words.set(commands.words, place.block / 4)
      const job: Job = {
        commands: place.block,
        arguments: first,
        argumentBytes: 4 * commands.argumentWords,
        copies: first + stride,
        copyStride: stride,
        scratch: place.scratch,
        scratchStride: scratchStride(commands),
      }
      words.set(
        jobWords.map((name) => job[name]),
        jobAt / 4,
      )
      this.#place(commands, first / 4, place.arena)
      this.#written = commands
      this.#moves = place.moves
    }
    const at = this.#external
    for (let i = 0; i < at.length; i += 2) words[at[i]!] = external[at[i + 1]!]!
    for (const { word, of } of commands.scalars) {
      if (program.scalars[of] === 'float32') floats[first / 4 + word] = scalars[of]!
      else words[first / 4 + word] = program.scalars[of] === 'bool' ? Number(scalars[of] !== 0) : scalars[of]!
    }
  }

  /** Writes the addresses of temporaries, and notes where those of external buffers go. */
  #place({ buffers, addresses }: Commands, first: number, arena: number): void {
    let count = 0
    const externals = buffers.map(({ role }) => (role === 'external' ? count++ : -1))
    this.#external = []
    for (const { word, of } of addresses) {
      const b = buffers[of]!
      if (b.role === 'external') this.#external.push(first + word, externals[of]!)
      else this.#words[first + word] = b.role === 'temporary' ? arena + b.offset : 0
    }
  }
}
