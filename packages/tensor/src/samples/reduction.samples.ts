import { booleans, expanded, filled, integers, randn, type SampleInputs, type Samples, samples, uniform } from './format.ts'

/** torch.max and torch.min give indices too, and take one dimension; amax and amin take several. */
const extreme = (name: string): string =>
  `lambda x, d=None, **o: torch.${name}(x, d, **o)[0] if isinstance(d, int) else torch.a${name}(x, tuple(range(x.ndim)) if d is None else d, **o)`

/** torch.any, torch.all and torch.prod take one dimension. */
const oneByOne = (name: string): string =>
  `lambda x, d=None, keepdim=False: torch.${name}(x) if d is None else functools.reduce(lambda y, k: torch.${name}(y, k, keepdim=keepdim), sorted(d if isinstance(d, list) else [d], reverse=True), x)`

const withElements: SampleInputs = [
  randn([3, 4]),
  { inputs: [randn([3, 4])], args: [0] },
  { inputs: [randn([3, 4])], args: [-1] },
  { inputs: [randn([2, 3, 4])], args: [1, { keepdim: true }] },
  { inputs: [randn([1, 3])], args: [0] },
  randn([1]),
  randn([]),
  { inputs: [expanded(randn([3, 1]), [3, 4])], args: [0] },
]
const severalDims: SampleInputs = [
  { inputs: [randn([2, 3, 4])], args: [[0, 2]] },
  { inputs: [randn([2, 3, 4])], args: [[0, 1], { keepdim: true }] },
]
const noRows: SampleInputs = [{ inputs: [randn([0, 3])], args: [1] }]
const nothing: SampleInputs = [{ inputs: [randn([2, 0])], args: [1] }, randn([0])]
const long: SampleInputs = [
  { inputs: [randn([3, 1500])], args: [1], noTorch: 'a long answer that says nothing new' },
  { inputs: [randn([1500, 3])], args: [0], noTorch: 'a long answer that says nothing new' },
]
const ints: SampleInputs = [{ inputs: [integers([3, 4], -5, 5)], args: [1] }]

const variance =
  'lambda x, d=None, keepdim=False, correction=1: torch.NAME(x, dim=tuple(range(x.ndim)) if d is None else d, keepdim=keepdim, correction=correction)'
const spread: SampleInputs = [
  randn([3, 4]),
  { inputs: [randn([3, 4])], args: [0] },
  { inputs: [randn([2, 3, 4])], args: [[0, 2], { keepdim: true }] },
  { inputs: [randn([3, 4])], args: [1, { correction: 0 }] },
  { inputs: [randn([1, 3])], args: [1] },
  { inputs: [randn([0, 3])], args: [1] },
]

const positions: SampleInputs = [
  randn([3, 4]),
  { inputs: [randn([3, 4])], args: [1] },
  { inputs: [randn([3, 4])], args: [0, { keepdim: true }] },
  { inputs: [randn([1, 3])], args: [0] },
  randn([1]),
  { inputs: [filled([2, 4], [1, 3, 3, 0, 0, 0, -1, -1])], args: [1] },
  { inputs: [filled([2, 3], [1, NaN, 3, 0, NaN, NaN])], args: [1] },
  ...noRows,
  ...ints,
]

const bools: SampleInputs = [
  booleans([3, 4]),
  { inputs: [booleans([3, 4])], args: [1] },
  { inputs: [integers([3, 4], 0, 2)], args: [0, { keepdim: true }] },
  { inputs: [booleans([1, 2])], args: [0] },
  { inputs: [booleans([2, 3, 2])], args: [[0, 2]] },
  { inputs: [randn([2, 0])], args: [1] },
]

const noTorch = 'torch.amax shares the gradient of equals'
const equals: SampleInputs = [
  { inputs: [filled([2, 4], [1, 3, 3, 0, 0, 0, -1, -1])], args: [1], noGradient: 'equal extremes' },
  { inputs: [filled([2, 3], [1, NaN, 3, -Infinity, Infinity, 2])], args: [1], noGradient: 'NaN' },
  { inputs: [expanded(randn([2, 1]), [2, 3])], noGradient: 'equal extremes', noTorch },
]
const extremes = [...withElements.slice(0, -1), ...severalDims, ...noRows, ...long, ...ints, ...equals]

const all: Samples[] = [
  samples('sum', {
    torch: 'lambda x, d=None, **o: torch.sum(x, tuple(range(x.ndim)) if d is None else d, **o)',
    inputs: [...withElements, ...severalDims, ...noRows, ...nothing, ...long, ...ints, booleans([3, 4])],
  }),
  samples('mean', {
    torch: 'lambda x, d=None, **o: torch.mean(x, tuple(range(x.ndim)) if d is None else d, **o)',
    inputs: [...withElements, ...severalDims, ...noRows, ...long],
  }),
  samples('prod', {
    torch: oneByOne('prod'),
    inputs: [
      ...withElements,
      ...severalDims,
      ...noRows,
      ...nothing,
      ...ints,
      { inputs: [filled([3, 3], [1, 0, 2, 0, 0, 3, 1, 2, 3])], args: [1] },
      uniform([40], 0.8, 1.2),
    ],
  }),
  samples('max', { torch: extreme('max'), inputs: extremes }),
  samples('min', { torch: extreme('min'), inputs: extremes }),
  samples('argmax', { torch: 'torch.argmax', inputs: positions }),
  samples('argmin', { torch: 'torch.argmin', inputs: positions }),
  samples('any', { torch: oneByOne('any'), inputs: bools }),
  samples('all', { torch: oneByOne('all'), inputs: bools }),
  samples('var', { torch: variance.replace('NAME', 'var'), inputs: spread }),
  samples('std', {
    torch: variance.replace('NAME', 'std'),
    inputs: spread.filter((c) => c !== spread[4]),
    without: { 'size-one': 'one number has no spread, and its root no derivative' },
  }),
]
export default all
