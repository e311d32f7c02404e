import * as nn from '@tenon/nn'
import { f, indices, type LayerCase } from './case.ts'

export const pooling: readonly LayerCase[] = [
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
