export { Adam, type AdamOptions, AdamW } from './adam.ts'
export { clipGradNorm } from './clip-grad-norm.ts'
export { OptimizerError } from './errors.ts'
export {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type Slots,
  type SlotValues,
  type UpdateOptions,
} from './optimizer.ts'
export type { ParameterList } from './parameters.ts'
export * from './schedule.ts'
export { SGD, type SGDOptions } from './sgd.ts'
