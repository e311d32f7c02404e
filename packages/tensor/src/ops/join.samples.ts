import { integers, randn, type Samples, samples } from '../samples/format.ts'
import { concat, meshgrid, stack } from './join.ts'

const all: Samples[] = [
  samples(concat, {
    torch: 'lambda *a: torch.cat(a[:-1], a[-1])',
    call: (...a) => concat(a.slice(0, -1), a.at(-1)),
    inputs: [
      { inputs: [randn([2, 3]), randn([2, 3])], args: [0] },
      { inputs: [randn([2, 3]), randn([2, 5]), randn([2, 1])], args: [1] },
      { inputs: [randn([2, 3, 2]), randn([2, 4, 2])], args: [-2] },
      { inputs: [randn([1]), randn([1])], args: [0] },
      { inputs: [randn([2, 3]), randn([0, 3])], args: [0] },
      { inputs: [randn([3])], args: [0] },
      { inputs: [integers([3], -5, 5), integers([2], -5, 5)], args: [0] },
      { inputs: [integers([3], -5, 5), randn([2])], args: [0] },
    ],
    without: { broadcast: 'sizes off the dimension must be equal' },
  }),
  samples(stack, {
    torch: 'lambda *a: torch.stack(a[:-1], a[-1])',
    call: (...a) => stack(a.slice(0, -1), a.at(-1)),
    inputs: [
      { inputs: [randn([2, 3]), randn([2, 3])], args: [0] },
      { inputs: [randn([2, 3]), randn([2, 3]), randn([2, 3])], args: [-1] },
      { inputs: [randn([]), randn([])], args: [0] },
      { inputs: [randn([1]), randn([1])], args: [1] },
      { inputs: [randn([0, 3]), randn([0, 3])], args: [1] },
    ],
    without: { broadcast: 'all shapes must be equal' },
  }),
  samples(meshgrid, {
    torch: 'lambda *a: torch.meshgrid(*a[:-1], indexing=a[-1])',
    call: (...a) => meshgrid(a.slice(0, -1), { indexing: a.at(-1) }),
    inputs: [
      { inputs: [randn([3]), randn([2])], args: ['ij'] },
      { inputs: [randn([3]), randn([2]), randn([4])], args: ['xy'] },
      { inputs: [randn([3]), randn([3])], args: ['ij'] },
      { inputs: [randn([1]), randn([])], args: ['ij'] },
      { inputs: [randn([3]), randn([0])], args: ['xy'] },
    ],
  }),
]
export default all
