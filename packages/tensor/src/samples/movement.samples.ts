import { booleans, expanded, integers, randn, type Samples, samples } from './format.ts'

const all: Samples[] = [
  samples('reshape', {
    torch: 'torch.reshape',
    inputs: [
      { inputs: [randn([3, 4])], args: [[2, 6]] },
      { inputs: [randn([2, 3, 4])], args: [[-1, 4]] },
      { inputs: [randn([2, 6])], args: [[2, 3, 1, 2]] },
      { inputs: [randn([1])], args: [[]] },
      { inputs: [randn([0, 3])], args: [[3, 0]] },
      { inputs: [expanded(randn([3, 1]), [3, 4])], args: [[12]] },
    ],
  }),
  samples('flatten', {
    torch: 'torch.flatten',
    inputs: [
      randn([2, 3, 4]),
      { inputs: [randn([2, 3, 4])], args: [1] },
      { inputs: [randn([2, 3, 2, 2])], args: [1, -2] },
      randn([]),
      randn([1, 1]),
      randn([0, 3]),
    ],
  }),
  samples('permute', {
    torch: 'torch.permute',
    inputs: [
      { inputs: [randn([2, 3, 4])], args: [[2, 0, 1]] },
      { inputs: [randn([2, 3, 4])], args: [[0, -1, 1]] },
      { inputs: [randn([1, 3])], args: [[1, 0]] },
      { inputs: [randn([0, 3])], args: [[1, 0]] },
    ],
  }),
  samples('transpose', {
    torch: 'torch.transpose',
    inputs: [
      { inputs: [randn([3, 4])], args: [0, 1] },
      { inputs: [randn([2, 3, 4])], args: [-1, 0] },
      { inputs: [randn([1, 3])], args: [0, 1] },
      { inputs: [randn([0, 3])], args: [0, 1] },
    ],
  }),
  samples('squeeze', {
    torch: 'torch.squeeze',
    inputs: [
      randn([1, 3, 1, 2]),
      { inputs: [randn([1, 3, 1])], args: [0] },
      { inputs: [randn([2, 3])], args: [1] },
      { inputs: [randn([1, 0])], args: [0] },
    ],
  }),
  samples('unsqueeze', {
    torch: 'torch.unsqueeze',
    inputs: [
      { inputs: [randn([3, 4])], args: [1] },
      { inputs: [randn([3, 4])], args: [-1] },
      { inputs: [randn([])], args: [0] },
      { inputs: [randn([1])], args: [0] },
      { inputs: [randn([0, 3])], args: [0] },
    ],
  }),
  samples('expand', {
    torch: 'lambda x, s: x.expand(s)',
    inputs: [
      { inputs: [randn([3, 4])], args: [[3, 4]] },
      { inputs: [randn([3, 1])], args: [[3, 4]] },
      { inputs: [randn([3, 1])], args: [[2, -1, 4]] },
      { inputs: [randn([])], args: [[2, 2]] },
      { inputs: [randn([1, 3])], args: [[0, 3]] },
      { inputs: [randn([0, 1])], args: [[0, 3]] },
    ],
  }),
  samples('broadcastTo', {
    torch: 'torch.broadcast_to',
    inputs: [
      { inputs: [randn([4])], args: [[3, 4]] },
      { inputs: [randn([3, 1])], args: [[2, 3, 4]] },
      { inputs: [randn([0, 3])], args: [[2, 0, 3]] },
    ],
  }),
  samples('flip', {
    torch: 'lambda x, d: torch.flip(x, d if isinstance(d, list) else [d])',
    inputs: [
      { inputs: [randn([3, 4])], args: [0] },
      { inputs: [randn([2, 3, 4])], args: [[0, -1]] },
      { inputs: [randn([1, 3])], args: [1] },
      { inputs: [randn([0, 3])], args: [1] },
    ],
  }),
  samples('pad', {
    torch: 'lambda x, p, v=0: F.pad(x, [n for lowHigh in reversed(p) for n in lowHigh], value=v)',
    inputs: [
      {
        inputs: [randn([3, 4])],
        args: [
          [
            [1, 2],
            [0, 3],
          ],
        ],
      },
      {
        inputs: [randn([3, 4])],
        args: [
          [
            [1, 0],
            [2, 1],
          ],
          7.5,
        ],
      },
      {
        inputs: [randn([2, 2])],
        args: [
          [
            [1, 1],
            [1, 1],
          ],
          -Infinity,
        ],
      },
      { inputs: [randn([1])], args: [[[1, 1]]] },
      { inputs: [integers([3], -5, 5)], args: [[[2, 1]], -1] },
      {
        inputs: [randn([0, 3])],
        args: [
          [
            [1, 1],
            [0, 0],
          ],
        ],
      },
      { inputs: [randn([3])], args: [[[0, 0]]] },
    ],
  }),
  samples('slice', {
    torch: 'lambda x, d, start, end=None, step=1: x[(slice(None),) * (d % x.ndim) + (slice(start, end, step),)]',
    inputs: [
      { inputs: [randn([5, 4])], args: [0, 1, 4] },
      { inputs: [randn([3, 7])], args: [1, 1, 6, 2] },
      { inputs: [randn([3, 7])], args: [-1, -3] },
      { inputs: [randn([3, 7])], args: [1, 0, -2] },
      { inputs: [randn([1, 3])], args: [0, 0, 1] },
      { inputs: [randn([3, 4])], args: [0, 2, 2] },
      { inputs: [randn([0, 3])], args: [1, 1] },
      { inputs: [randn([4])], args: [0, -9, 9] },
    ],
  }),
  samples('select', {
    torch: 'torch.select',
    inputs: [
      { inputs: [randn([3, 4])], args: [0, 1] },
      { inputs: [randn([2, 3, 4])], args: [-2, -1] },
      { inputs: [randn([1])], args: [0, 0] },
      { inputs: [randn([0, 3])], args: [1, 2] },
    ],
  }),
  samples('unfold', {
    torch: 'lambda x, d, size, step, dilation=1: x.unfold(d, (size - 1) * dilation + 1, step)[..., ::dilation]',
    inputs: [
      { inputs: [randn([7])], args: [0, 3, 1] },
      { inputs: [randn([3, 8])], args: [1, 3, 2] },
      { inputs: [randn([8, 3])], args: [0, 2, 2] },
      { inputs: [randn([9, 2])], args: [0, 3, 1, 2] },
      { inputs: [randn([1])], args: [0, 1, 1] },
      { inputs: [randn([0, 5])], args: [1, 2, 1] },
    ],
  }),
  samples('cast', {
    torch: 'lambda x, d: x.to(getattr(torch, d))',
    inputs: [
      { inputs: [randn([3, 4])], args: ['float32'], noGradient: 'rounds to float32' },
      { inputs: [randn([3, 4])], args: ['int32'] },
      { inputs: [integers([3], -5, 5)], args: ['float32'] },
      { inputs: [booleans([1])], args: ['float32'] },
      { inputs: [integers([5], -1, 2)], args: ['bool'] },
      { inputs: [integers([5], -5, 2)], args: ['uint32'], noTorch: 'PyTorch 1.13 has no uint32' },
      { inputs: [randn([0, 3])], args: ['int32'] },
    ],
  }),
  samples('detach', {
    torch: 'lambda x: x.detach()',
    inputs: [randn([3, 4]), randn([1]), randn([0, 3])],
    noGradient: 'the gradient is cut on purpose',
  }),
]
export default all
