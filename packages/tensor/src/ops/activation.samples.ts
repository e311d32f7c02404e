import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import {
  celu,
  glu,
  hardshrink,
  hardtanh,
  mish,
  prelu,
  relu6,
  selu,
  softmin,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from './activation.ts'

const shapes = [randn([3, 4]), randn([1]), randn([]), randn([0, 3])]
const inputs = [...shapes, values(-100, -2, -0.25, 0, 0.25, 2, 100), { inputs: [values(NaN)], noGradient: 'NaN' }]

const all: Samples[] = [
  samples(selu, { torch: 'F.selu', inputs, kinks: [0] }),
  samples(celu, { torch: 'F.celu', inputs: [...inputs, { inputs: [values(-50, -1, 1, 5000)], args: [0.5] }], kinks: [0] }),
  samples(mish, { torch: 'F.mish', inputs }),
  samples(hardtanh, {
    torch: 'F.hardtanh',
    inputs: [...shapes, values(-100, -1, 0, 1, 100, NaN), { inputs: [randn([2, 3])], args: [-0.3, 0.2] }],
    kinks: [-1, 1],
  }),
  samples(relu6, { torch: 'F.relu6', inputs: [...shapes, values(-100, 0, 3, 6, 100, NaN), integers([4], -3, 9)], kinks: [0, 6] }),
  samples(softsign, { torch: 'F.softsign', inputs, kinks: [0] }),
  samples(tanhshrink, { torch: 'F.tanhshrink', inputs }),
  samples(softshrink, {
    torch: 'F.softshrink',
    inputs: [...shapes, values(-2, -0.5, 0.5, 2), { inputs: [randn([2, 3])], args: [0.1] }],
    kinks: [-0.5, 0.5],
  }),
  samples(hardshrink, { torch: 'F.hardshrink', inputs: [...inputs, { inputs: [randn([2, 3])], args: [0.1] }] }),
  samples(threshold, {
    torch: 'F.threshold',
    inputs: [...shapes, values(-2, 0.1, 2), values(NaN)].map((spec) => ({ inputs: [spec], args: [0.1, 20] })),
    kinks: [Math.fround(0.1)],
  }),
  samples(prelu, {
    torch: 'F.prelu',
    inputs: [
      [randn([2, 3, 4]), randn([3])],
      [randn([2, 3]), randn([3])],
      [randn([3, 2, 2, 2]), randn([1])],
      [randn([4]), randn([1])],
      [randn([1]), randn([1])],
      [randn([0, 3]), randn([3])],
    ],
    without: { plain: 'the weight has a shape of its own' },
  }),
  samples(glu, {
    torch: 'F.glu',
    inputs: [
      randn([3, 4]),
      { inputs: [randn([4, 3])], args: [0] },
      { inputs: [randn([2, 6, 2])], args: [1] },
      randn([1, 2]),
      { inputs: [randn([0, 4])], args: [1] },
    ],
  }),
  samples(softmin, {
    torch: 'F.softmin',
    inputs: [
      { inputs: [randn([3, 4])], args: [1] },
      { inputs: [randn([2, 3, 4])], args: [-2] },
      { inputs: [randn([1])], args: [0] },
      { inputs: [integers([3], 0, 5, 'uint32')], args: [0], noTorch: 'PyTorch 1.13 has no uint32' },
      { inputs: [randn([0, 3])], args: [1] },
    ],
  }),
]
export default all
