/** What a backend is: an allocator and a compiler of programs. */
import type { DType, TypedArray } from './dtype.ts'
import type { Program } from './program.ts'

/** Limits that the passes of this package work around, so that no backend writes them again. */
export interface Capabilities {
  readonly dtypes: readonly DType[]
  readonly threads: number
  /** Most store stages in one kernel. */
  readonly maxStores: number
  /** Most buffers that one kernel may read. */
  readonly maxInputs: number
  /** Longest loop of a reduce stage; longer ones are split. */
  readonly maxLoop: number
  /** Most elements of one buffer. */
  readonly maxLength: number
}

/** A buffer of a backend. Opaque to everybody else. */
export type BufferHandle = object
/** A compiled program. Opaque to everybody else. */
export type Executable = object

/** What a backend says of itself. */
export interface BackendReport {
  readonly backend: string
  /** What really runs, in words: threads, SIMD level, mode. */
  readonly details: Readonly<Record<string, string | number | boolean>>
  /** Bytes held: by buffers, by the arena of temporaries, and how many buffers. */
  readonly memory: { readonly buffers: number; readonly bufferBytes: number; readonly arenaBytes: number }
  /** What runs elsewhere or otherwise than asked, each with its reason. */
  readonly notes: readonly string[]
}

/** What computes programs: memory for buffers, a compiler, and a way to run what it compiled. */
export interface Backend {
  readonly name: string
  readonly capabilities: Capabilities
  /** The content is undefined until written. */
  allocate(dtype: DType, length: number): BufferHandle
  free(buffer: BufferHandle): void
  write(buffer: BufferHandle, data: TypedArray): void
  /** A copy of the content. */
  read(buffer: BufferHandle): Promise<TypedArray>
  readSync?(buffer: BufferHandle): TypedArray
  compile(program: Program): Executable
  /** The code that `compile` makes of a program, for people (`TENON_DEBUG=4`). Not there where none is made. */
  listing?(program: Program): string
  /** Runs to the end or throws; `buffers` are the program's external ones, in order. */
  execute(executable: Executable, buffers: readonly BufferHandle[], scalars: readonly number[]): void
  report(): BackendReport
  dispose(): void
}
