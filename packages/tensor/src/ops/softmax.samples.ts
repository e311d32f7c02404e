import { filled, randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { logSoftmax, logsumexp, softmax } from './softmax.ts'

const rows: SampleInputs = [
  { inputs: [randn([3, 4])], args: [1] },
  { inputs: [randn([3, 4])], args: [0] },
  { inputs: [randn([2, 3, 4])], args: [-2] },
  { inputs: [randn([1])], args: [0] },
  { inputs: [randn([3, 1])], args: [1] },
  { inputs: [randn([0, 3])], args: [1] },
  { inputs: [filled([2, 3], [1000, 1001, 1002, -1000, -1001, 0])], args: [1] },
]
const infinite = filled([3, 3], [-Infinity, 0, 1, -Infinity, -Infinity, -Infinity, Infinity, 0, 1])
const noGradient = 'infinite inputs'

const all: Samples[] = [
  samples(softmax, {
    torch: 'F.softmax',
    inputs: [...rows, { inputs: [randn([2, 0])], args: [1] }, { inputs: [infinite], args: [1], noGradient }],
  }),
  samples(logSoftmax, { torch: 'F.log_softmax', inputs: [...rows, { inputs: [infinite], args: [1], noGradient }] }),
  samples(logsumexp, {
    torch: 'lambda x, dim=None, **o: torch.logsumexp(x, tuple(range(x.ndim)) if dim is None else dim, **o)',
    inputs: [
      ...rows,
      { inputs: [randn([3, 4])], args: [1, { keepdim: true }] },
      { inputs: [randn([2, 3, 4])], args: [[0, 2]] },
      { inputs: [randn([2, 0])], args: [1] },
      randn([3, 2]),
      { inputs: [infinite], args: [1], noGradient },
    ],
  }),
]
export default all
