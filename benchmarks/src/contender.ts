import type { PeerProgram } from './peer.ts'

/** One that takes part in a measurement. */
export interface Contender {
  readonly system: string
  readonly threads: number
  readonly program: PeerProgram
  /** The system whose time this one's is compared with, at the same number of threads. */
  readonly reference: string
  /** Its mathematics differ, so its losses are its own, and must only fall. */
  readonly ownLosses?: boolean
  /** What it does otherwise than the others. */
  readonly note?: string
}

export const nameOf = ({ system, threads }: Pick<Contender, 'system' | 'threads'>): string =>
  `${system}, ${threads} thread${threads === 1 ? '' : 's'}`
