export {
  Checkpoint,
  type CheckpointNotes,
  type CheckpointParts,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
} from './checkpoint.ts'
export { CheckpointError, FileError, TrainingError } from './errors.ts'
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
