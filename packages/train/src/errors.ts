import { TenonError } from '@tenon/tensor'
import type { StepReport } from './fit.ts'

/** The loss became NaN or infinite: what follows would only train on it. */
export class TrainingError extends TenonError {
  override name = 'TrainingError'
  readonly report: StepReport

  constructor(report: StepReport) {
    super(
      `the loss became ${report.loss} at step ${report.step} of epoch ${report.epoch}, and training cannot recover ` +
        'from that. A smaller learning rate is the usual cure; detectAnomaly() of @tenon/autograd names the operation.',
    )
    this.report = report
  }
}

/** A checkpoint that cannot be read, written, or put into the model at hand. Nothing was overwritten. */
export class CheckpointError extends TenonError {
  override name = 'CheckpointError'
}

/** A file that cannot be read or written: which, why, and what to do. */
export class FileError extends TenonError {
  override name = 'FileError'
}

/** The worker that trains died, was ended before it could answer, or was asked for what it does not do. */
export class WorkerError extends TenonError {
  override name = 'WorkerError'
}

/** An error that was thrown in a worker: it has the name and the message of the one there. */
export class RemoteError extends TenonError {
  /** Where it was thrown. */
  readonly remoteStack: string

  constructor({ name, message, stack }: { readonly name: string; readonly message: string; readonly stack: string }) {
    super(message)
    this.name = name
    this.remoteStack = stack
  }
}
