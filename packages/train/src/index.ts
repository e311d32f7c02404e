export {
  Checkpoint,
  type CheckpointNotes,
  type CheckpointParts,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
} from './checkpoint.ts'
export { CheckpointError, FileError, TrainingError } from './errors.ts'
export { type BatchSource, evaluate, type EvaluateOptions, fit, type FitOptions, type Position, type StepReport } from './fit.ts'
export { accuracy, RunningMean } from './metrics.ts'
export { type Chart, type Curve, plotCurves, type Point } from './plot.ts'
