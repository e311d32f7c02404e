import { booleans, expanded, filled, integers, randn, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import type { Tensor } from '../tensor.ts'
import { argsort, type Sorted, sort, topk } from './sort.ts'

const pair = ({ values, indices }: Sorted): Tensor[] => [values, indices]
const special = values(0, NaN, -0, Infinity, 1, -Infinity, 1, NaN, -1, 0)
const noGradient = 'equal, infinite or NaN'
const long = 'a long answer that says nothing new'
/** A long line that is 0 or −0 but for a few. */
const sparse = Array.from({ length: 700 }, (_, i) => [NaN, 1e-30, -Infinity, -1, Infinity][i / 97] ?? (i % 2 ? -0 : 0))

const inputs: SampleInputs = [
  randn([3, 4]),
  { inputs: [randn([3, 4])], args: [0] },
  { inputs: [randn([2, 5, 3])], args: [-2, { descending: true }] },
  randn([1]),
  { inputs: [randn([3, 1])], args: [1] },
  randn([0, 3]),
  randn([2, 0]),
  { inputs: [expanded(randn([3, 1]), [3, 4])], noGradient },
  { inputs: [special], noGradient },
  { inputs: [special], args: [0, { descending: true }], noGradient },
  integers([40], -5, 5),
  { inputs: [integers([4, 12], 0, 3)], args: [1, { descending: true }] },
  { inputs: [integers([9], 0, 2 ** 32, 'uint32')], noTorch: 'PyTorch has no uint32' },
  booleans([9]),
  {
    inputs: [randn([2, 300])],
    noGradient: 'values too near one another',
    noTorch: long,
  },
]

const all: Samples[] = [
  samples(sort, {
    torch: 'lambda x, dim=-1, **o: torch.sort(x, dim=dim, stable=True, **o)',
    call: (...a: Parameters<typeof sort>) => pair(sort(...a)),
    inputs,
  }),
  samples(argsort, { torch: 'lambda x, dim=-1, **o: torch.sort(x, dim=dim, stable=True, **o)[1]', inputs }),
  samples(topk, {
    torch: 'torch.topk',
    call: (...a: Parameters<typeof topk>) => pair(topk(...a)),
    inputs: [
      { inputs: [randn([3, 6])], args: [2] },
      { inputs: [randn([3, 6])], args: [1] },
      { inputs: [randn([3, 6])], args: [1, 1, { largest: false }] },
      { inputs: [randn([2, 5, 3])], args: [3, -2, { largest: false }] },
      { inputs: [randn([3, 4])], args: [4, -1] },
      { inputs: [randn([3, 4])], args: [0] },
      { inputs: [randn([1])], args: [1] },
      { inputs: [randn([0, 3])], args: [2] },
      { inputs: [filled([5], [NaN, 2, -Infinity, 1, 0])], args: [2], noGradient },
      { inputs: [filled([5], [NaN, 2, -Infinity, 1, 0])], args: [1], noGradient },
      { inputs: [filled([5], [NaN, 2, -Infinity, 1, 0])], args: [5, 0, { largest: false }], noGradient },
      { inputs: [integers([3, 20], 0, 4)], args: [5], noTorch: 'PyTorch does not say which of equals' },
      { inputs: [integers([2, 700], 0, 99)], args: [20], noTorch: 'PyTorch does not say which of equals' },
      { inputs: [integers([600], 0, 2 ** 32, 'uint32')], args: [150], noTorch: 'PyTorch has no uint32' },
      { inputs: [randn([2, 600, 2])], args: [9, 1], noGradient: 'values too near one another', noTorch: long },
      { inputs: [randn([600])], args: [7, 0, { largest: false }], noGradient: 'values too near one another', noTorch: long },
      { inputs: [filled([700], sparse)], args: [3], noGradient, noTorch: long },
      { inputs: [filled([700], sparse)], args: [90, 0, { largest: false }], noGradient, noTorch: long },
    ],
  }),
]
export default all
