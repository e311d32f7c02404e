/** How layers print themselves, and what their constructors refuse; what they compute is in conformance's nn-layers.test.ts. */
import { zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

describe('layers print what they were made of', () => {
  it.each<[nn.Module, string]>([
    [new nn.Conv1d(2, 4, 3), 'Conv1d(2, 4, kernelSize=[3], stride=[1])'],
    [
      new nn.Conv1d(2, 4, [3], { padding: 'same', dilation: 2, groups: 2, bias: false }),
      'Conv1d(2, 4, kernelSize=[3], stride=[1], padding=same, dilation=[2], groups=2, bias=false)',
    ],
    [
      new nn.Conv2d(1, 2, 3, { padding: 1, paddingMode: 'reflect' }),
      'Conv2d(1, 2, kernelSize=[3, 3], stride=[1, 1], padding=[1, 1], paddingMode=reflect)',
    ],
    [new nn.ZeroPad2d([1, 2, 0, 3]), 'ZeroPad2d([1, 2, 0, 3])'],
    [new nn.ConstantPad2d(1, 0.5), 'ConstantPad2d([1, 1, 1, 1], value=0.5)'],
    [
      new nn.ConvTranspose2d(2, 3, [3, 2], { stride: 2, padding: 1, outputPadding: [1, 0] }),
      'ConvTranspose2d(2, 3, kernelSize=[3, 2], stride=[2, 2], padding=[1, 1], outputPadding=[1, 0])',
    ],
    [new nn.ConvTranspose1d(2, 3, 3), 'ConvTranspose1d(2, 3, kernelSize=[3], stride=[1])'],
    [new nn.MaxPool1d(3, { ceilMode: true }), 'MaxPool1d(kernelSize=[3], stride=[3], padding=[0], dilation=[1], ceilMode=true)'],
    [new nn.AvgPool2d(3, { ceilMode: true }), 'AvgPool2d(kernelSize=[3, 3], stride=[3, 3], padding=[0, 0], ceilMode=true)'],
    [new nn.AdaptiveAvgPool2d([3, null]), 'AdaptiveAvgPool2d(outputSize=[3, null])'],
    [new nn.AdaptiveMaxPool1d(2), 'AdaptiveMaxPool1d(outputSize=2)'],
    [new nn.BatchNorm1d(3, { momentum: null }), 'BatchNorm1d(3, eps=0.00001, momentum=null, affine=true, trackRunningStats=true)'],
    [new nn.InstanceNorm2d(3), 'InstanceNorm2d(3, eps=0.00001, momentum=0.1, affine=false, trackRunningStats=false)'],
    [new nn.LayerNorm([2, 3]), 'LayerNorm([2, 3], eps=0.00001, elementwiseAffine=true)'],
    [new nn.RMSNorm(4), 'RMSNorm([4], eps=null, elementwiseAffine=true)'],
    [new nn.GroupNorm(2, 4), 'GroupNorm(2, 4, eps=0.00001, affine=true)'],
    [new nn.Embedding(5, 3), 'Embedding(5, 3)'],
    [new nn.Bilinear(2, 3, 4), 'Bilinear(in1Features=2, in2Features=3, outFeatures=4, bias=true)'],
    [new nn.CosineSimilarity(), 'CosineSimilarity(dim=1, eps=1e-8)'],
    [new nn.PReLU(), 'PReLU(numParameters=1)'],
    [new nn.Hardtanh(-2, 2), 'Hardtanh(minVal=-2, maxVal=2)'],
    [new nn.GLU(), 'GLU(dim=-1)'],
    [
      new nn.Upsample({ scaleFactor: [2, 1.5], mode: 'bilinear', alignCorners: true }),
      'Upsample(scaleFactor=[2, 1.5], mode=bilinear, alignCorners=true)',
    ],
    [new nn.Upsample({ size: 4 }), 'Upsample(size=4, mode=nearest)'],
    [new nn.PixelShuffle(2), 'PixelShuffle(upscaleFactor=2)'],
    [new nn.Unflatten(1, [2, -1]), 'Unflatten(dim=1, sizes=[2, -1])'],
  ])('%s', (layer, text) => {
    expect(layer.toString()).toBe(text)
  })
})

describe('layers refuse what makes no sense', () => {
  it.each<[string, () => unknown, string]>([
    ['two kernel sizes over one axis', () => new nn.Conv1d(2, 2, [3, 3]), 'Conv1d: kernelSize is a whole number ≥ 1, got [3,3]'],
    ['groups that do not divide', () => new nn.ConvTranspose2d(3, 4, 3, { groups: 2 }), 'groups must divide the 3 input and the 4 output'],
    [
      'an output padding of a whole stride',
      () => new nn.ConvTranspose1d(1, 1, 3, { stride: 2, outputPadding: 2 }).forward(zeros([1, 1, 4])),
      'outputPadding must be less than the stride or the dilation, got 2',
    ],
    [
      'a strided convolution that keeps the size',
      () => new nn.Conv2d(1, 1, 3, { stride: 2, padding: 'same' }),
      "padding 'same' needs stride 1",
    ],
    ['an unknown padding', () => new nn.Conv1d(1, 1, 3, { paddingMode: 'mirror' as 'reflect' }), "'replicate' or 'circular', got 'mirror'"],
    ['a padding of fractions', () => new nn.ReflectionPad2d(0.5), 'ReflectionPad2d: padding is a whole number or four of them'],
    ['no window', () => new nn.AvgPool1d(0), 'AvgPool1d: kernelSize is a whole number ≥ 1'],
    ['no output', () => new nn.AdaptiveAvgPool2d([2, 0]), 'AdaptiveAvgPool2d: an output size is a whole number ≥ 1'],
    ['groups of a norm that do not divide', () => new nn.GroupNorm(3, 4), 'GroupNorm: numGroups must divide the 4 channels, got 3'],
    ['an empty normalized shape', () => new nn.LayerNorm([]), 'LayerNorm: normalizedShape is a whole number ≥ 1'],
    ['bounds that are none', () => new nn.Hardtanh(1, 1), 'minVal < maxVal, got 1 and 1'],
    ['a size and a factor', () => new nn.Upsample({ size: 2, scaleFactor: 2 }), 'either a size or a scaleFactor'],
    ['a fraction of a pixel', () => new nn.PixelShuffle(1.5), 'PixelShuffle: the factor is a whole number ≥ 1, got 1.5'],
    [
      'sizes that do not multiply',
      () => new nn.Unflatten(1, [2, 2]).forward(zeros([1, 5])),
      '[2, 2] of dimension 1, which does not fit [1, 5]',
    ],
    ['a dimension that is not there', () => new nn.Unflatten(3, [2]).forward(zeros([1, 5])), 'does not fit [1, 5]'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message)
  })
})
