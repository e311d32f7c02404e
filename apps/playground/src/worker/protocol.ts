/** What the page asks of its worker, and what that tells it. */
import type { TrainingService, WorkerRun } from '@tenon/train'

export interface PlaygroundService extends TrainingService {
  readonly start: (options: StartOptions, run: WorkerRun<Report>) => Promise<void>
  readonly requests: {
    /** Tries each backend: what works is only known then. */
    readonly backends: () => Promise<BackendState[]>
    /** Takes the model to a backend, be it in the middle of a run. Gives what runs otherwise than asked. */
    readonly use: (id: string) => Promise<readonly string[]>
    /** The probability of each digit; null while there is no model. `pixels` are 28×28 values from 0 to 1. */
    readonly classify: (pixels: Float32Array) => Promise<Float32Array | null>
    /** Some image of the test set. */
    readonly sample: () => Promise<Sample>
    /** A checkpoint as the app cnn-image-classification reads them; null while there is no model. */
    readonly save: () => Promise<Uint8Array | null>
    /** Takes over the weights of a checkpoint, for the next run to go on from. One that does not fit changes nothing. */
    readonly load: (bytes: Uint8Array, name: string) => Promise<void>
  }
}

export interface StartOptions {
  /** Images to train on, from the first on. */
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
}

/** A backend of the list, and whether it runs here. */
export interface BackendState {
  readonly id: string
  readonly title: string
  /** What it is made of here, or why it does not run here. */
  readonly text: string
  readonly available: boolean
}

export type Report =
  | { readonly kind: 'data'; readonly received: number; readonly total: number }
  | { readonly kind: 'begin'; readonly steps: number; readonly stepsPerEpoch: number; readonly heldOut: number }
  /** Steps are counted from the beginning of the run. The rate is in images a second. */
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly rate: number }
  | { readonly kind: 'evaluation'; readonly step: number; readonly loss: number; readonly accuracy: number }

/** A digit of the test set: 28×28 values from 0 to 1, row by row. */
export interface Sample {
  readonly pixels: Float32Array
  readonly label: number
}
