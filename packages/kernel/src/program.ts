/** A program: kernels in order, over buffers planned beforehand. It is the unit that a backend gets. */
import type { DType } from './dtype.ts'
import type { Kernel } from './kernel.ts'

/**
 * `external` buffers are handed to `execute` in order of appearance; `temporary` ones lie at `offset` bytes (a multiple of 64) of the program's arena;
 * a `slice` is bound by the `Repeat` around its uses.
 */
export type ProgramBuffer =
  | { readonly role: 'external'; readonly dtype: DType; readonly length: number }
  | { readonly role: 'temporary'; readonly dtype: DType; readonly length: number; readonly offset: number }
  | { readonly role: 'slice'; readonly dtype: DType; readonly length: number }

/** Runs a kernel with the program's buffers and scalars at these positions as its parameters. */
export interface Run {
  readonly kind: 'run'
  readonly kernel: Kernel
  readonly buffers: readonly number[]
  readonly scalars: readonly number[]
}

/**
 * Runs `body` `count` times. In iteration t slice `buffer` is the part of `of` that begins at element start + t·stride; after each
 * iteration what `next` holds becomes `current`, so that after the loop `current` holds the last value.
 */
export interface Repeat {
  readonly kind: 'repeat'
  readonly count: number
  readonly body: readonly Step[]
  readonly slices: readonly {
    readonly buffer: number
    readonly of: number
    readonly start: number
    readonly stride: number
  }[]
  readonly carries: readonly { readonly current: number; readonly next: number }[]
}

/** One kernel, or a loop over several. */
export type Step = Run | Repeat

/** What a backend is given: kernels in order, and the buffers that they are run with. */
export interface Program {
  readonly buffers: readonly ProgramBuffer[]
  /** Dtypes of the numbers that `execute` is given. */
  readonly scalars: readonly DType[]
  readonly steps: readonly Step[]
  readonly arenaBytes: number
}
