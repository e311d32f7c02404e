import * as nn from '@tenon/nn'
import { f, indices, type LayerCase } from './case.ts'

export const norms: readonly LayerCase[] = [
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
