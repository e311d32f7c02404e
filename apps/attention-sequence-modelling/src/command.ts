import type { World } from '@tenon/app-kit'
import type { Command } from 'commander'
import type { loadPronunciations } from './seq2seq/dictionary.ts'

/** What a command has from outside. Tests bring their own. */
export interface AppWorld extends World {
  readonly loadPronunciations: typeof loadPronunciations
}

/** A command of this app: its description and flags, and what it does with what they say. */
export interface AppCommand<Options extends object> {
  readonly define: (command: Command) => void
  /** Gives the exit code. @param words those behind the flags, if the command takes any */
  run(options: Options, world: AppWorld, words: readonly string[]): Promise<number>
}
