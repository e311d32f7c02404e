import { booleans, integers, randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { diag, diagonal, trace, tril, triu } from './diagonal.ts'

const triangles: SampleInputs = [
  randn([3, 4]),
  { inputs: [randn([4, 3])], args: [1] },
  { inputs: [randn([2, 3, 3])], args: [-1] },
  { inputs: [randn([3, 3])], args: [5] },
  randn([1, 1]),
  randn([0, 3]),
  booleans([3, 3]),
  integers([3, 3], -9, 9),
]

const all: Samples[] = [
  samples(tril, { torch: 'torch.tril', inputs: triangles }),
  samples(triu, { torch: 'torch.triu', inputs: triangles }),
  samples(diagonal, {
    torch: 'torch.diagonal',
    inputs: [
      randn([3, 3]),
      { inputs: [randn([3, 5])], args: [1] },
      { inputs: [randn([5, 3])], args: [-2] },
      { inputs: [randn([2, 3, 4])], args: [0, -2, -1] },
      { inputs: [randn([2, 3, 4])], args: [1, 2, 0] },
      { inputs: [randn([2, 3])], args: [3] },
      randn([1, 1]),
      randn([0, 3]),
    ],
  }),
  samples(diag, {
    torch: 'torch.diag',
    inputs: [
      randn([3]),
      { inputs: [randn([3])], args: [2] },
      { inputs: [randn([3])], args: [-1] },
      randn([3, 4]),
      { inputs: [randn([3, 4])], args: [-1] },
      randn([1]),
      randn([0]),
      { inputs: [randn([0])], args: [2] },
      integers([3], -9, 9),
    ],
  }),
  samples(trace, { torch: 'torch.trace', inputs: [randn([3, 4]), randn([1, 1]), randn([0, 3]), integers([3, 3], -9, 9)] }),
]
export default all
