export { type BackendName, backendNames, chooseBackend, listBackends, printNotes } from './backends.ts'
export { UsageError } from './errors.ts'
export { type Preparation, type Prepared, prepareRun, type RunFiles, resumedSettings, runFiles } from './folder.ts'
export type { MetricsCurves } from './metrics-curves.ts'
export {
  addBackendsCommand,
  backendOption,
  count,
  nameOption,
  number,
  parseCommandLine,
  type RunOptions,
  rate,
  resumeOption,
  seedOption,
} from './options.ts'
export { type SamplingOptions, sampleToken } from './sampling.ts'
export {
  addSampleOptions,
  addTextOptions,
  type CorpusName,
  encodePrompt,
  type LoadedText,
  loadText,
  type SampleOptions,
  type TextOptions,
  type TextSource,
  textSource,
  validationLine,
} from './text-options.ts'
export {
  type LineReport,
  type RunLength,
  type TrainingBatches,
  TrainingRun,
  type TrainingRunOptions,
  type TrainingSteps,
} from './training-run.ts'
export { columns, describeSize, factTable, reportFetch, withCommas } from './wording.ts'
export { interrupted, runMain, runProgram, type World } from './world.ts'
