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
