import { integers, randn, type Samples, samples } from '../samples/format.ts'
import { repeat, repeatInterleave, tile } from './repeat.ts'

const all: Samples[] = [
  samples(repeat, {
    torch: 'lambda x, sizes: x.repeat(sizes)',
    inputs: [
      { inputs: [randn([2, 3])], args: [[2, 3]] },
      { inputs: [randn([2, 3])], args: [[2, 1, 2]] },
      { inputs: [randn([])], args: [[3]] },
      { inputs: [randn([1])], args: [[3]] },
      { inputs: [randn([2, 3])], args: [[0, 1]] },
      { inputs: [randn([0, 3])], args: [[2, 2]] },
      { inputs: [integers([3], -5, 5)], args: [[2]] },
    ],
  }),
  samples(tile, {
    torch: 'torch.tile',
    inputs: [
      { inputs: [randn([2, 3])], args: [[2]] },
      { inputs: [randn([2, 3])], args: [[2, 1, 2]] },
      { inputs: [randn([1])], args: [[3]] },
      { inputs: [randn([0, 3])], args: [[2, 2]] },
    ],
  }),
  samples(repeatInterleave, {
    torch: 'lambda x, n, d=None: torch.repeat_interleave(x, torch.tensor(n) if isinstance(n, list) else n, dim=d)',
    inputs: [
      { inputs: [randn([2, 3])], args: [2] },
      { inputs: [randn([2, 3])], args: [3, 0] },
      { inputs: [randn([2, 3, 2])], args: [2, -2] },
      { inputs: [randn([2, 3])], args: [[2, 0, 1], 1] },
      { inputs: [randn([3])], args: [[1, 2, 3]] },
      { inputs: [randn([1])], args: [4, 0] },
      { inputs: [randn([0, 3])], args: [2, 1] },
      { inputs: [randn([2, 3])], args: [0, 1] },
    ],
  }),
]
export default all
