export type { Backend, DType, TypedArray } from '@tenon/kernel'
export { BackendError, DTypeError, isFloat, ShapeError, TenonError, UnsupportedError } from '@tenon/kernel'
export { type BackendFactory, backendNames, createBackend, currentBackend, memory, registerBackend } from './backends.ts'
export { type CustomBackward, customRule } from './custom-rule.ts'
export * from './errors.ts'
export * from './generator.ts'
export { snapshot } from './graph.ts'
export * from './jit.ts'
export { moveVariables } from './moving.ts'
export {
  context,
  type LeafAttrs,
  type LeafName,
  moduleScope,
  Node,
  type NodeName,
  setCallSites,
  withContext,
} from './node.ts'
export * from './ops/index.ts'
export {
  type Attrs,
  type AttrsOf,
  type ConvAttrs,
  type CustomRule,
  type KernelAttrs,
  type PrimitiveName,
  primitives,
  regionsOf,
  type ScanAttrs,
} from './primitives.ts'
export { markGradient, markKept, realize } from './realize.ts'
export { computeAside, counters, inspector } from './runtime.ts'
export { after, before, entriesOf, type ScanOptions, scan } from './scan.ts'
export { type Shape, sameShape, showShape, sizeOf } from './shape.ts'
export { type Scope, scope } from './storage.ts'
export {
  type Dims,
  isTensor,
  type Nested,
  primitive,
  type ReduceOptions,
  Tensor,
  type VarianceOptions,
} from './tensor.ts'
export { mapTensors } from './tree.ts'
export { useBackend } from './use-backend.ts'
export { Variable, type VariableOptions } from './variable.ts'
