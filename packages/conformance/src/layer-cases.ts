/**
 * Every layer of @tenon/nn with the inputs that it is tried with, and PyTorch's expression for it. Inputs and weights are hashes of their
 * position (deterministic.ts), so that what scripts/make-fixtures.py stores is answers alone.
 */
import { createHash } from 'node:crypto'
import * as nn from '@tenon/nn'
import { type Shape, sizeOf, type Tensor, tensor } from '@tenon/tensor'
import type { LayerFloat } from '@tenon/testing'
import { classes, uniform } from './deterministic.ts'

/** Floats in ±`scale` (2 where it is not given), or whole numbers below `count`. */
export interface LayerInput {
  readonly shape: Shape
  readonly scale?: number
  readonly count?: number
}

export interface LayerCase {
  readonly name: string
  /** In Python, with torch.nn as `nn`. */
  readonly torch: string
  readonly make: (dtype: LayerFloat) => nn.Module
  readonly inputs: readonly LayerInput[]
  readonly refuses?: readonly (readonly LayerInput[])[]
  readonly kinks?: readonly number[]
  /** Why differences say something else. */
  readonly noDifferences?: string
  /** Random while training: PyTorch is asked in eval() alone. */
  readonly random?: true
}

const f = (...shape: number[]): LayerInput => ({ shape })
const wide = (...shape: number[]): LayerInput => ({ shape, scale: 8 })
const indices = (count: number, ...shape: number[]): LayerInput => ({ shape, count })

export const inputTensor = ({ shape, scale = 2, count }: LayerInput, k: number): Tensor =>
  count === undefined
    ? tensor(Float32Array.from(uniform(1000 + k, sizeOf(shape), scale)), shape)
    : tensor(classes(1000 + k, sizeOf(shape), count), shape)

/** Parameter k: in ±½, scales of norms around 1. */
export const parameterValues = (k: number, path: string, shape: Shape): Float64Array =>
  uniform(k + 1, sizeOf(shape), 0.5).map((v) => (path.endsWith('weight') && shape.length === 1 ? v + 1 : v))

const activations: readonly LayerCase[] = [
  { name: 'ReLU', torch: 'nn.ReLU()', make: () => new nn.ReLU(), inputs: [f(3, 4)] },
  { name: 'LeakyReLU', torch: 'nn.LeakyReLU()', make: () => new nn.LeakyReLU(), inputs: [f(3, 4)] },
  { name: 'LeakyReLU, steep', torch: 'nn.LeakyReLU(0.3)', make: () => new nn.LeakyReLU(0.3), inputs: [f(3, 4)] },
  { name: 'ELU', torch: 'nn.ELU()', make: () => new nn.ELU(), inputs: [f(3, 4)] },
  { name: 'ELU, alpha', torch: 'nn.ELU(0.5)', make: () => new nn.ELU(0.5), inputs: [f(3, 4)] },
  { name: 'GELU', torch: 'nn.GELU()', make: () => new nn.GELU(), inputs: [f(3, 4)] },
  {
    name: 'GELU by tanh',
    torch: "nn.GELU(approximate='tanh')",
    make: () => new nn.GELU({ approximate: 'tanh' }),
    inputs: [f(3, 4)],
  },
  { name: 'SiLU', torch: 'nn.SiLU()', make: () => new nn.SiLU(), inputs: [f(3, 4)] },
  { name: 'Sigmoid', torch: 'nn.Sigmoid()', make: () => new nn.Sigmoid(), inputs: [f(3, 4)] },
  { name: 'Tanh', torch: 'nn.Tanh()', make: () => new nn.Tanh(), inputs: [f(3, 4)] },
  { name: 'Softplus', torch: 'nn.Softplus()', make: () => new nn.Softplus(), inputs: [f(3, 4)] },
  { name: 'ReLU6', torch: 'nn.ReLU6()', make: () => new nn.ReLU6(), inputs: [wide(3, 8)] },
  { name: 'SELU', torch: 'nn.SELU()', make: () => new nn.SELU(), inputs: [f(3, 4)] },
  { name: 'Mish', torch: 'nn.Mish()', make: () => new nn.Mish(), inputs: [f(3, 4)] },
  { name: 'LogSigmoid', torch: 'nn.LogSigmoid()', make: () => new nn.LogSigmoid(), inputs: [f(3, 4)] },
  { name: 'Hardsigmoid', torch: 'nn.Hardsigmoid()', make: () => new nn.Hardsigmoid(), inputs: [wide(3, 8)] },
  { name: 'Hardswish', torch: 'nn.Hardswish()', make: () => new nn.Hardswish(), inputs: [wide(3, 8)] },
  { name: 'Tanhshrink', torch: 'nn.Tanhshrink()', make: () => new nn.Tanhshrink(), inputs: [f(3, 4)] },
  { name: 'Softsign', torch: 'nn.Softsign()', make: () => new nn.Softsign(), inputs: [f(3, 4)] },
  { name: 'CELU', torch: 'nn.CELU(0.5)', make: () => new nn.CELU(0.5), inputs: [f(3, 4)] },
  { name: 'Softshrink', torch: 'nn.Softshrink(0.3)', make: () => new nn.Softshrink(0.3), inputs: [f(3, 4)] },
  { name: 'Hardshrink', torch: 'nn.Hardshrink(0.3)', make: () => new nn.Hardshrink(0.3), inputs: [f(3, 4)] },
  { name: 'Hardtanh', torch: 'nn.Hardtanh(-0.5, 0.7)', make: () => new nn.Hardtanh(-0.5, 0.7), inputs: [f(3, 4)] },
  { name: 'Threshold', torch: 'nn.Threshold(0.3, -1)', make: () => new nn.Threshold(0.3, -1), inputs: [f(3, 4)] },
  { name: 'Softplus, sharp, with a low threshold', torch: 'nn.Softplus(3, 2)', make: () => new nn.Softplus(3, 2), inputs: [f(3, 4)] },
  { name: 'PReLU', torch: 'nn.PReLU()', make: (dtype) => new nn.PReLU(1, { dtype }), inputs: [f(3, 4)] },
  {
    name: 'PReLU for each channel',
    torch: 'nn.PReLU(3)',
    make: (dtype) => new nn.PReLU(3, { dtype }),
    inputs: [f(2, 3, 4)],
    refuses: [[f(2, 4)], [f(3)]],
  },
  { name: 'GLU', torch: 'nn.GLU()', make: () => new nn.GLU(), inputs: [f(3, 4)], refuses: [[f(2, 3)]] },
  { name: 'GLU along the first', torch: 'nn.GLU(0)', make: () => new nn.GLU(0), inputs: [f(4, 3)] },
  { name: 'Softmax', torch: 'nn.Softmax(1)', make: () => new nn.Softmax(1), inputs: [f(3, 4)], refuses: [[f(4)]] },
  { name: 'Softmax over the first', torch: 'nn.Softmax(0)', make: () => new nn.Softmax(0), inputs: [f(3, 4)] },
  { name: 'LogSoftmax', torch: 'nn.LogSoftmax(-1)', make: () => new nn.LogSoftmax(-1), inputs: [f(3, 4)] },
  { name: 'Softmin', torch: 'nn.Softmin(1)', make: () => new nn.Softmin(1), inputs: [f(3, 4)], refuses: [[f(4)]] },
]

const shapes: readonly LayerCase[] = [
  { name: 'Identity', torch: 'nn.Identity()', make: () => new nn.Identity(), inputs: [f(3, 4)] },
  { name: 'Flatten', torch: 'nn.Flatten()', make: () => new nn.Flatten(), inputs: [f(2, 3, 2, 2)] },
  { name: 'Flatten, some', torch: 'nn.Flatten(0, 2)', make: () => new nn.Flatten(0, 2), inputs: [f(2, 3, 2, 2)], refuses: [[f(3, 4)]] },
  {
    name: 'Unflatten',
    torch: 'nn.Unflatten(1, (2, -1))',
    make: () => new nn.Unflatten(1, [2, -1]),
    inputs: [f(2, 6, 2)],
    refuses: [[f(2, 5)], [f(6)]],
  },
  {
    name: 'ZeroPad2d',
    torch: 'nn.ZeroPad2d((1, 2, 0, 3))',
    make: () => new nn.ZeroPad2d([1, 2, 0, 3]),
    inputs: [f(2, 1, 2, 3)],
    refuses: [[f(2, 3)]],
  },
  { name: 'ZeroPad2d, one image', torch: 'nn.ZeroPad2d(1)', make: () => new nn.ZeroPad2d(1), inputs: [f(2, 2, 3)] },
  {
    name: 'Upsample',
    torch: 'nn.Upsample(scale_factor=2)',
    make: () => new nn.Upsample({ scaleFactor: 2 }),
    inputs: [f(1, 2, 2, 3)],
    refuses: [[f(3)]],
  },
  { name: 'Upsample to a size', torch: 'nn.Upsample(size=5)', make: () => new nn.Upsample({ size: 5 }), inputs: [f(2, 1, 3)] },
  {
    name: 'Upsample, bilinear',
    torch: "nn.Upsample(scale_factor=(2, 1.5), mode='bilinear')",
    make: () => new nn.Upsample({ scaleFactor: [2, 1.5], mode: 'bilinear' }),
    inputs: [f(1, 2, 3, 4)],
    refuses: [[f(1, 2, 3)]],
  },
  {
    name: 'Upsample, linear, corners aligned',
    torch: "nn.Upsample(size=7, mode='linear', align_corners=True)",
    make: () => new nn.Upsample({ size: 7, mode: 'linear', alignCorners: true }),
    inputs: [f(1, 2, 4)],
  },
  {
    name: 'PixelShuffle',
    torch: 'nn.PixelShuffle(2)',
    make: () => new nn.PixelShuffle(2),
    inputs: [f(1, 8, 2, 3)],
    refuses: [[f(1, 6, 2, 3)], [f(2, 3)]],
  },
  {
    name: 'PixelUnshuffle',
    torch: 'nn.PixelUnshuffle(2)',
    make: () => new nn.PixelUnshuffle(2),
    inputs: [f(1, 2, 4, 2)],
    refuses: [[f(1, 2, 3, 2)]],
  },
  { name: 'Dropout', torch: 'nn.Dropout(0.4)', make: () => new nn.Dropout(0.4), inputs: [f(3, 4)], random: true },
  {
    name: 'Dropout2d',
    torch: 'nn.Dropout2d(0.4)',
    make: () => new nn.Dropout2d(0.4),
    inputs: [f(3, 4, 2, 2)],
    refuses: [[f(3, 4)]],
    random: true,
  },
]

const dense: readonly LayerCase[] = [
  {
    name: 'Linear',
    torch: 'nn.Linear(3, 4)',
    make: (dtype) => new nn.Linear(3, 4, { dtype }),
    inputs: [f(2, 3)],
    refuses: [[f(2, 4)], [indices(3, 2, 3)]],
  },
  {
    name: 'Linear without bias, over three dimensions',
    torch: 'nn.Linear(3, 2, bias=False)',
    make: (dtype) => new nn.Linear(3, 2, { bias: false, dtype }),
    inputs: [f(2, 4, 3)],
  },
  {
    name: 'Bilinear',
    torch: 'nn.Bilinear(3, 4, 2)',
    make: (dtype) => new nn.Bilinear(3, 4, 2, { dtype }),
    inputs: [f(5, 3), f(5, 4)],
    refuses: [
      [f(5, 4), f(5, 4)],
      [f(5, 3), f(4, 4)],
    ],
  },
  {
    name: 'Bilinear without bias, over three dimensions',
    torch: 'nn.Bilinear(2, 3, 1, bias=False)',
    make: (dtype) => new nn.Bilinear(2, 3, 1, { bias: false, dtype }),
    inputs: [f(2, 2, 2), f(2, 2, 3)],
  },
  {
    name: 'Embedding',
    torch: 'nn.Embedding(5, 3)',
    make: (dtype) => new nn.Embedding(5, 3, { dtype }),
    inputs: [indices(5, 2, 4)],
    refuses: [[f(2, 4)], [indices(99, 8)]],
  },
  {
    name: 'Embedding with a row for padding',
    torch: 'nn.Embedding(5, 3, padding_idx=-2)',
    make: (dtype) => new nn.Embedding(5, 3, { paddingIdx: -2, dtype }),
    inputs: [indices(5, 12)],
    noDifferences: 'the row for padding has none by design; PyTorch agrees below',
  },
  {
    name: 'CosineSimilarity',
    torch: 'nn.CosineSimilarity()',
    make: () => new nn.CosineSimilarity(),
    inputs: [f(3, 4), f(3, 4)],
    refuses: [[f(3, 4), f(3, 5)]],
  },
  {
    name: 'CosineSimilarity along the first',
    torch: 'nn.CosineSimilarity(dim=0, eps=0.001)',
    make: () => new nn.CosineSimilarity({ dim: 0, eps: 1e-3 }),
    inputs: [f(3, 4), f(3, 4)],
  },
]

const convolutions: readonly LayerCase[] = [
  {
    name: 'Conv1d',
    torch: 'nn.Conv1d(2, 3, 3)',
    make: (dtype) => new nn.Conv1d(2, 3, 3, { dtype }),
    inputs: [f(2, 2, 6)],
    refuses: [[f(2, 3, 6)], [f(2, 2, 2)], [f(1, 1, 2, 6)]],
  },
  {
    name: 'Conv1d, strided, padded, dilated, grouped',
    torch: 'nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2, bias=False)',
    make: (dtype) => new nn.Conv1d(2, 4, 3, { stride: 2, padding: 2, dilation: 2, groups: 2, bias: false, dtype }),
    inputs: [f(2, 2, 7)],
  },
  {
    name: 'Conv1d, same size, no batch',
    torch: "nn.Conv1d(2, 2, 4, padding='same')",
    make: (dtype) => new nn.Conv1d(2, 2, 4, { padding: 'same', dtype }),
    inputs: [f(2, 6)],
  },
  {
    name: 'Conv2d',
    torch: 'nn.Conv2d(2, 3, (3, 2))',
    make: (dtype) => new nn.Conv2d(2, 3, [3, 2], { dtype }),
    inputs: [f(2, 2, 4, 4)],
    refuses: [[f(2, 3, 4, 4)], [f(2, 2, 2, 4)]],
  },
  {
    name: 'Conv2d, strided, padded, dilated, grouped',
    torch: 'nn.Conv2d(2, 4, 3, stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2, bias=False)',
    make: (dtype) => new nn.Conv2d(2, 4, 3, { stride: [1, 2], padding: [2, 1], dilation: [2, 1], groups: 2, bias: false, dtype }),
    inputs: [f(1, 2, 4, 5)],
  },
  {
    name: 'ConvTranspose1d',
    torch: 'nn.ConvTranspose1d(2, 3, 3)',
    make: (dtype) => new nn.ConvTranspose1d(2, 3, 3, { dtype }),
    inputs: [f(2, 2, 4)],
    refuses: [[f(2, 3, 4)], [f(1, 2, 4, 4)]],
  },
  {
    name: 'ConvTranspose1d, strided, padded, dilated, grouped, no batch',
    torch: 'nn.ConvTranspose1d(4, 2, 3, stride=3, padding=2, output_padding=1, dilation=2, groups=2, bias=False)',
    make: (dtype) =>
      new nn.ConvTranspose1d(4, 2, 3, { stride: 3, padding: 2, outputPadding: 1, dilation: 2, groups: 2, bias: false, dtype }),
    inputs: [f(4, 4)],
  },
  {
    name: 'ConvTranspose2d',
    torch: 'nn.ConvTranspose2d(2, 3, (3, 2))',
    make: (dtype) => new nn.ConvTranspose2d(2, 3, [3, 2], { dtype }),
    inputs: [f(1, 2, 2, 3)],
    refuses: [[f(2, 3, 4, 4)], [f(2, 4)]],
  },
  {
    name: 'ConvTranspose2d, strided, padded, dilated, grouped',
    torch: 'nn.ConvTranspose2d(2, 4, 3, stride=(2, 1), padding=(1, 2), output_padding=(1, 0), dilation=(1, 2), groups=2)',
    make: (dtype) =>
      new nn.ConvTranspose2d(2, 4, 3, { stride: [2, 1], padding: [1, 2], outputPadding: [1, 0], dilation: [1, 2], groups: 2, dtype }),
    inputs: [f(1, 2, 3, 3)],
  },
]

const norms: readonly LayerCase[] = [
  {
    name: 'BatchNorm1d',
    torch: 'nn.BatchNorm1d(3)',
    make: (dtype) => new nn.BatchNorm1d(3, { dtype }),
    inputs: [f(4, 3)],
    refuses: [[f(4, 4)], [f(4, 3, 2, 2)], [f(1, 3)]],
  },
  {
    name: 'BatchNorm1d of sequences, cumulative',
    torch: 'nn.BatchNorm1d(3, eps=0.1, momentum=None)',
    make: (dtype) => new nn.BatchNorm1d(3, { eps: 0.1, momentum: null, dtype }),
    inputs: [f(2, 3, 4)],
  },
  {
    name: 'BatchNorm1d without a scale',
    torch: 'nn.BatchNorm1d(3, affine=False)',
    make: (dtype) => new nn.BatchNorm1d(3, { affine: false, dtype }),
    inputs: [f(4, 3)],
  },
  {
    name: 'BatchNorm2d',
    torch: 'nn.BatchNorm2d(2, momentum=0.3)',
    make: (dtype) => new nn.BatchNorm2d(2, { momentum: 0.3, dtype }),
    inputs: [f(2, 2, 3, 2)],
    refuses: [[f(2, 3, 3, 2)], [f(2, 2)], [f(1, 2, 1, 1)]],
  },
  {
    name: 'BatchNorm2d without running statistics',
    torch: 'nn.BatchNorm2d(2, track_running_stats=False)',
    make: (dtype) => new nn.BatchNorm2d(2, { trackRunningStats: false, dtype }),
    inputs: [f(2, 2, 3, 2)],
  },
  {
    name: 'InstanceNorm2d',
    torch: 'nn.InstanceNorm2d(2)',
    make: (dtype) => new nn.InstanceNorm2d(2, { dtype }),
    inputs: [f(2, 2, 3, 2)],
    refuses: [[f(2, 3, 3, 2)], [f(2, 2)], [f(2, 2, 1, 1)]],
  },
  {
    name: 'InstanceNorm2d with a scale and running statistics',
    torch: 'nn.InstanceNorm2d(2, momentum=0.3, affine=True, track_running_stats=True)',
    make: (dtype) => new nn.InstanceNorm2d(2, { momentum: 0.3, affine: true, trackRunningStats: true, dtype }),
    inputs: [f(3, 2, 3, 2)],
  },
  {
    name: 'InstanceNorm2d of one image',
    torch: 'nn.InstanceNorm2d(2, affine=True)',
    make: (dtype) => new nn.InstanceNorm2d(2, { affine: true, dtype }),
    inputs: [f(2, 3, 3)],
  },
  {
    name: 'LayerNorm',
    torch: 'nn.LayerNorm(4)',
    make: (dtype) => new nn.LayerNorm(4, { dtype }),
    inputs: [f(2, 3, 4)],
    refuses: [[f(4, 3)], [indices(3, 2, 4)]],
  },
  {
    name: 'LayerNorm over two dimensions',
    torch: 'nn.LayerNorm((2, 3), eps=0.1)',
    make: (dtype) => new nn.LayerNorm([2, 3], { eps: 0.1, dtype }),
    inputs: [f(3, 2, 3)],
    refuses: [[f(3)]],
  },
  {
    name: 'LayerNorm without a scale',
    torch: 'nn.LayerNorm(4, elementwise_affine=False)',
    make: (dtype) => new nn.LayerNorm(4, { elementwiseAffine: false, dtype }),
    inputs: [f(3, 4)],
  },
  {
    name: 'LayerNorm without a shift',
    torch: 'LayerNormWithoutBias(4)',
    make: (dtype) => new nn.LayerNorm(4, { bias: false, dtype }),
    inputs: [f(3, 4)],
  },
  {
    name: 'RMSNorm',
    torch: 'RMSNorm(4, eps=0.01)',
    make: (dtype) => new nn.RMSNorm(4, { eps: 0.01, dtype }),
    inputs: [f(2, 3, 4)],
    refuses: [[f(4, 3)]],
  },
  {
    name: 'RMSNorm over two dimensions, the default eps, no scale',
    torch: 'RMSNorm((2, 3), elementwise_affine=False)',
    make: (dtype) => new nn.RMSNorm([2, 3], { elementwiseAffine: false, dtype }),
    inputs: [f(3, 2, 3)],
  },
  {
    name: 'GroupNorm',
    torch: 'nn.GroupNorm(2, 4)',
    make: (dtype) => new nn.GroupNorm(2, 4, { dtype }),
    inputs: [f(2, 4, 2, 2)],
    refuses: [[f(2, 3, 2, 2)], [f(4)]],
  },
  {
    name: 'GroupNorm of vectors, without a scale',
    torch: 'nn.GroupNorm(2, 6, eps=0.1, affine=False)',
    make: (dtype) => new nn.GroupNorm(2, 6, { eps: 0.1, affine: false, dtype }),
    inputs: [f(3, 6)],
  },
]

const pooling: readonly LayerCase[] = [
  {
    name: 'MaxPool1d',
    torch: 'nn.MaxPool1d(3, stride=2, padding=1, dilation=2)',
    make: () => new nn.MaxPool1d(3, { stride: 2, padding: 1, dilation: 2 }),
    inputs: [f(1, 2, 8)],
    refuses: [[f(8)], [f(1, 2, 0)], [indices(3, 1, 2, 8)]],
  },
  {
    name: 'MaxPool1d, rounded up',
    torch: 'nn.MaxPool1d(2, ceil_mode=True)',
    make: () => new nn.MaxPool1d(2, { ceilMode: true }),
    inputs: [f(2, 5)],
  },
  {
    name: 'MaxPool2d',
    torch: 'nn.MaxPool2d(3, stride=2, padding=1)',
    make: () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    inputs: [f(1, 2, 5, 6)],
    refuses: [[f(5, 6)], [f(1, 2, 0, 6)], [indices(3, 1, 2, 5, 6)]],
  },
  { name: 'MaxPool2d, disjoint', torch: 'nn.MaxPool2d(2)', make: () => new nn.MaxPool2d(2), inputs: [f(2, 5, 4)] },
  {
    name: 'MaxPool2d, rounded up',
    torch: 'nn.MaxPool2d((3, 2), stride=2, dilation=(1, 2), ceil_mode=True)',
    make: () => new nn.MaxPool2d([3, 2], { stride: 2, dilation: [1, 2], ceilMode: true }),
    inputs: [f(1, 2, 6, 6)],
  },
  {
    name: 'AvgPool1d',
    torch: 'nn.AvgPool1d(3, stride=2, padding=1)',
    make: () => new nn.AvgPool1d(3, { stride: 2, padding: 1 }),
    inputs: [f(1, 2, 7)],
    refuses: [[f(7)]],
  },
  {
    name: 'AvgPool1d, rounded up, without the padding',
    torch: 'nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)',
    make: () => new nn.AvgPool1d(3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    inputs: [f(2, 6)],
  },
  {
    name: 'AvgPool2d',
    torch: 'nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)',
    make: () => new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }),
    inputs: [f(1, 2, 5, 6)],
    refuses: [[f(5, 6)]],
  },
  {
    name: 'AvgPool2d, padded, rounded up',
    torch: 'nn.AvgPool2d((2, 3), padding=1, ceil_mode=True)',
    make: () => new nn.AvgPool2d([2, 3], { padding: 1, ceilMode: true }),
    inputs: [f(2, 5, 6)],
  },
  {
    name: 'AvgPool2d, another divisor',
    torch: 'nn.AvgPool2d(2, divisor_override=3)',
    make: () => new nn.AvgPool2d(2, { divisorOverride: 3 }),
    inputs: [f(1, 1, 4, 4)],
  },
  {
    name: 'AdaptiveAvgPool1d',
    torch: 'nn.AdaptiveAvgPool1d(3)',
    make: () => new nn.AdaptiveAvgPool1d(3),
    inputs: [f(1, 2, 7)],
    refuses: [[f(7)]],
  },
  {
    name: 'AdaptiveAvgPool2d',
    torch: 'nn.AdaptiveAvgPool2d((3, None))',
    make: () => new nn.AdaptiveAvgPool2d([3, null]),
    inputs: [f(1, 2, 5, 3)],
    refuses: [[f(5, 3)]],
  },
  {
    name: 'AdaptiveAvgPool2d to one',
    torch: 'nn.AdaptiveAvgPool2d(1)',
    make: () => new nn.AdaptiveAvgPool2d(1),
    inputs: [f(2, 3, 2)],
  },
  {
    name: 'AdaptiveMaxPool1d',
    torch: 'nn.AdaptiveMaxPool1d(3)',
    make: () => new nn.AdaptiveMaxPool1d(3),
    inputs: [f(1, 2, 7)],
    refuses: [[f(7)]],
  },
  {
    name: 'AdaptiveMaxPool2d',
    torch: 'nn.AdaptiveMaxPool2d((2, 4))',
    make: () => new nn.AdaptiveMaxPool2d([2, 4]),
    inputs: [f(1, 2, 5, 3)],
    refuses: [[f(5, 3)]],
  },
]

export const layerCases: readonly LayerCase[] = [...activations, ...shapes, ...dense, ...convolutions, ...norms, ...pooling]

export interface LayerQuestion {
  readonly name: string
  readonly torch: string
  readonly inputs: readonly LayerInput[]
  readonly modes: readonly ('train' | 'eval')[]
  /** Of all of the above: a stored answer to another question is out of date. */
  readonly hash: string
}

/** What PyTorch is asked. */
export const layerQuestions = (): LayerQuestion[] =>
  layerCases.map(({ name, torch, inputs, random }) => {
    const question = { name, torch, inputs, modes: random ? (['eval'] as const) : (['train', 'eval'] as const) }
    return { ...question, hash: createHash('sha256').update(JSON.stringify(question)).digest('base64').slice(0, 10) }
  })
