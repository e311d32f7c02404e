import { expanded, filled, integers, randn, type SampleInputs, type Samples, samples, uniform, values } from './format.ts'

const pairs: SampleInputs = [
  [randn([3, 4]), randn([3, 4])],
  [randn([3, 4]), randn([4])],
  [randn([3, 1]), randn([1, 4])],
  [randn([2, 1, 3]), randn([])],
  [randn([1]), randn([1])],
  [randn([0, 3]), randn([3])],
  [expanded(randn([3, 1]), [3, 4]), expanded(randn([4]), [3, 4])],
  [integers([5], -9, 9), integers([5], -9, 9)],
  [integers([5], -9, 9), randn([5])],
  { inputs: [randn([2, 3])], args: [2.5] },
  { inputs: [integers([4], -9, 9)], args: [3] },
]

const divisors: SampleInputs = [
  [randn([3, 4]), uniform([3, 4], 0.5, 2)],
  [randn([3, 4]), uniform([4], 0.5, 2)],
  [randn([3, 1]), uniform([1, 4], -2, -0.5)],
  [randn([1]), uniform([1], 0.5, 2)],
  [randn([0, 3]), uniform([3], 0.5, 2)],
  { inputs: [randn([2, 3])], args: [2.5] },
  [filled([6], [7, -7, 7, -7, 6, 0], 'int32'), filled([6], [3, 3, -3, -3, 2, 5], 'int32')],
]

const all: Samples[] = [
  samples('add', { torch: 'torch.add', inputs: pairs }),
  samples('sub', { torch: 'torch.sub', inputs: pairs }),
  samples('mul', { torch: 'torch.mul', inputs: pairs }),
  samples('div', {
    torch: 'torch.div',
    inputs: [...divisors, { inputs: [values(1, -1, 0), values(0, 0, 0)], noGradient: 'a division by 0' }],
  }),
  samples('floorDiv', {
    torch: 'lambda a, b: torch.div(a, b, rounding_mode="floor")',
    inputs: [
      ...divisors,
      {
        inputs: [filled([2], [5, -5], 'int32'), filled([2], [0, 0], 'int32')],
        noTorch: 'PyTorch throws; a divisor of 0 gives 0',
      },
    ],
  }),
  samples('remainder', { torch: 'torch.remainder', inputs: divisors }),
  samples('pow', {
    torch: 'torch.pow',
    inputs: [
      [uniform([3, 4], 0.2, 3), randn([3, 4])],
      [uniform([3, 1], 0.2, 3), randn([4])],
      [uniform([1], 0.2, 3), randn([1])],
      [uniform([0, 3], 0.2, 3), randn([3])],
      { inputs: [randn([2, 3])], args: [2] },
      { inputs: [randn([2, 3])], args: [3] },
      { inputs: [uniform([2, 3], 0.2, 3)], args: [-0.5] },
      { inputs: [values(-2, -1, 0, 1, 2)], args: [2] },
      { inputs: [values(-2, 0, 2)], args: [0] },
    ],
  }),
  samples('neg', {
    torch: 'torch.neg',
    inputs: [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), integers([4], -9, 9)],
  }),
  samples('abs', {
    torch: 'torch.abs',
    inputs: [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-1, 0, 1), integers([4], -9, 9)],
    kinks: [0],
  }),
  samples('matmul', {
    torch: 'torch.matmul',
    inputs: [
      [randn([3, 4]), randn([4, 5])],
      [randn([2, 3, 4]), randn([2, 4, 5])],
      [randn([2, 3, 4]), randn([4, 5])],
      [randn([2, 1, 3, 4]), randn([3, 4, 2])],
      [randn([3, 4]), randn([2, 4, 5])],
      [randn([4]), randn([4])],
      [randn([4]), randn([4, 5])],
      [randn([3, 4]), randn([4])],
      [randn([2, 3, 4]), randn([4])],
      [randn([4]), randn([2, 4, 3])],
      [randn([1, 1]), randn([1, 1])],
      [randn([0, 4]), randn([4, 5])],
      [randn([3, 0]), randn([0, 5])],
      [randn([17, 33]), randn([33, 19])],
      [expanded(randn([3, 1]), [3, 4]), randn([4, 5])],
      [integers([3, 4], -9, 9), integers([4, 5], -9, 9)],
    ],
  }),
]
export default all
