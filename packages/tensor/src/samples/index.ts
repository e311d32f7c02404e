// Written by scripts/generate-ops-index.mjs; run it after adding a file here.
import activation from '../ops/activation.samples.ts'
import adaptivePooling from '../ops/adaptive-pooling.samples.ts'
import convolution from '../ops/convolution.samples.ts'
import convolutionTranspose from '../ops/convolution-transpose.samples.ts'
import cumulative from '../ops/cumulative.samples.ts'
import customKernel from '../ops/custom-kernel.samples.ts'
import diagonal from '../ops/diagonal.samples.ts'
import einsum from '../ops/einsum.samples.ts'
import erf from '../ops/erf.samples.ts'
import exponential from '../ops/exponential.samples.ts'
import extrema from '../ops/extrema.samples.ts'
import finite from '../ops/finite.samples.ts'
import gelu from '../ops/gelu.samples.ts'
import hyperbolic from '../ops/hyperbolic.samples.ts'
import interpolate from '../ops/interpolate.samples.ts'
import join from '../ops/join.samples.ts'
import lerp from '../ops/lerp.samples.ts'
import logical from '../ops/logical.samples.ts'
import maskedFill from '../ops/masked-fill.samples.ts'
import median from '../ops/median.samples.ts'
import multinomial from '../ops/multinomial.samples.ts'
import norm from '../ops/norm.samples.ts'
import oneHot from '../ops/one-hot.samples.ts'
import pad from '../ops/pad.samples.ts'
import pixelShuffle from '../ops/pixel-shuffle.samples.ts'
import pooling from '../ops/pooling.samples.ts'
import power from '../ops/power.samples.ts'
import product from '../ops/product.samples.ts'
import relu from '../ops/relu.samples.ts'
import repeat from '../ops/repeat.samples.ts'
import roll from '../ops/roll.samples.ts'
import rounding from '../ops/rounding.samples.ts'
import scatter from '../ops/scatter.samples.ts'
import sigmoid from '../ops/sigmoid.samples.ts'
import silu from '../ops/silu.samples.ts'
import softmax from '../ops/softmax.samples.ts'
import softplus from '../ops/softplus.samples.ts'
import sort from '../ops/sort.samples.ts'
import split from '../ops/split.samples.ts'
import statistics from '../ops/statistics.samples.ts'
import take from '../ops/take.samples.ts'
import trigonometry from '../ops/trigonometry.samples.ts'
import unfold from '../ops/unfold.samples.ts'
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
  activation,
  adaptivePooling,
  convolution,
  convolutionTranspose,
  cumulative,
  customKernel,
  diagonal,
  einsum,
  erf,
  exponential,
  extrema,
  finite,
  gelu,
  hyperbolic,
  interpolate,
  join,
  lerp,
  logical,
  maskedFill,
  median,
  multinomial,
  norm,
  oneHot,
  pad,
  pixelShuffle,
  pooling,
  power,
  product,
  relu,
  repeat,
  roll,
  rounding,
  scatter,
  sigmoid,
  silu,
  softmax,
  softplus,
  sort,
  split,
  statistics,
  take,
  trigonometry,
  unfold,
  where,
  arithmetic,
  comparison,
  creation,
  indexing,
  movement,
  primitive,
  reduction,
].flat()
