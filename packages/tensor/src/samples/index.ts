// Written by scripts/generate-ops-index.mjs; run it after adding a file here.
import convolution from '../ops/convolution.samples.ts'
import cumulative from '../ops/cumulative.samples.ts'
import erf from '../ops/erf.samples.ts'
import exponential from '../ops/exponential.samples.ts'
import extrema from '../ops/extrema.samples.ts'
import finite from '../ops/finite.samples.ts'
import gelu from '../ops/gelu.samples.ts'
import join from '../ops/join.samples.ts'
import logical from '../ops/logical.samples.ts'
import multinomial from '../ops/multinomial.samples.ts'
import oneHot from '../ops/one-hot.samples.ts'
import pooling from '../ops/pooling.samples.ts'
import power from '../ops/power.samples.ts'
import relu from '../ops/relu.samples.ts'
import rounding from '../ops/rounding.samples.ts'
import scatter from '../ops/scatter.samples.ts'
import sigmoid from '../ops/sigmoid.samples.ts'
import silu from '../ops/silu.samples.ts'
import softmax from '../ops/softmax.samples.ts'
import softplus from '../ops/softplus.samples.ts'
import sort from '../ops/sort.samples.ts'
import split from '../ops/split.samples.ts'
import trigonometry from '../ops/trigonometry.samples.ts'
import where from '../ops/where.samples.ts'
import arithmetic from './arithmetic.samples.ts'
import comparison from './comparison.samples.ts'
import creation from './creation.samples.ts'
import type { Samples } from './format.ts'
import indexing from './indexing.samples.ts'
import movement from './movement.samples.ts'
import primitive from './primitive.samples.ts'
import reduction from './reduction.samples.ts'

export * from './contents.ts'
export * from './format.ts'

/** Everything that has samples. */
export const allSamples: readonly Samples[] = [
  convolution,
  cumulative,
  erf,
  exponential,
  extrema,
  finite,
  gelu,
  join,
  logical,
  multinomial,
  oneHot,
  pooling,
  power,
  relu,
  rounding,
  scatter,
  sigmoid,
  silu,
  softmax,
  softplus,
  sort,
  split,
  trigonometry,
  where,
  arithmetic,
  comparison,
  creation,
  indexing,
  movement,
  primitive,
  reduction,
].flat()
