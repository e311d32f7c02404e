import { expanded, randn, type Samples, samples } from '../samples/format.ts'
import type { Tensor } from '../tensor.ts'
import { customKernel } from './custom-kernel.ts'
import { sign } from './rounding.ts'

/** y[n, m] = Σ |x[n, d] − z[m, d]|, without the n × m × d differences.   [n, d], [m, d] → [n, m] */
const distances = customKernel<[Tensor, Tensor]>({
  name: 'distances',
  infer: ({ shape: [n], dtype }, { shape: [m] }) => ({ shape: [n!, m!], dtype }),
  kernel: (p, { shape: [n, d], dtype }, { shape: [m] }) => {
    const [i, j, k] = [p.index(0, n!), p.index(1, m!), p.index(2, d!)] // two of the grid, one of the sum
    const difference = p.binary('sub', p.load(dtype, 0, p.scaleAdd(i, d!, k)), p.load(dtype, 1, p.scaleAdd(j, d!, k)))
    return {
      grid: [n!, m!],
      stages: [
        { kind: 'reduce', op: 'sum', extents: [d!], value: p.unary('abs', difference), dtype },
        { kind: 'store', extents: [], buffer: 2, index: p.scaleAdd(i, m!, j), value: p.register(dtype, 0) },
      ],
    }
  },
  backward: ({ dy, inputs: [x, z] }) => {
    const slope = sign(x.unsqueeze(1).sub(z.unsqueeze(0))).mul(dy.unsqueeze(2)) // [n, m, d]
    return [slope.sum(1), slope.sum(0).neg()]
  },
})

const all: Samples[] = [
  samples(customKernel, {
    call: (x: Tensor, z: Tensor) => distances(x, z),
    torch: 'lambda x, z: (x[:, None] - z[None]).abs().sum(2)',
    inputs: [
      { inputs: [randn([3, 4]), randn([5, 4])], args: [] },
      { inputs: [randn([1, 1]), randn([1, 1])], args: [] },
      { inputs: [randn([0, 3]), randn([2, 3])], args: [] },
      { inputs: [randn([2, 0]), randn([3, 0])], args: [] },
      { inputs: [expanded(randn([1, 4]), [3, 4]), randn([2, 4])], args: [] },
    ],
    without: { broadcast: 'its inputs are matrices' },
    kinks: [0],
  }),
]
export default all
