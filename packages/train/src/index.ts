export {
  Checkpoint,
  type CheckpointNotes,
  type CheckpointParts,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
} from './checkpoint.ts'
export { CheckpointError, FileError, RemoteError, TrainingError, WorkerError } from './errors.ts'
export {
  type BatchSource,
  type EvaluateOptions,
  evaluate,
  type FitOptions,
  fit,
  type Position,
  type StepReport,
} from './fit.ts'
export { accuracy, RunningMean } from './metrics.ts'
export { type Chart, type Curve, type Point, plotCurves } from './plot.ts'
export type { MessageEnd } from './worker/messages.ts'
export { serveTraining, type TrainingService } from './worker/serve-training.ts'
export { TrainingWorker, type TrainingWorkerOptions } from './worker/training-worker.ts'
export type { PacedBatches, WorkerRun } from './worker/worker-run.ts'
