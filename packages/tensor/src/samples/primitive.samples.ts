/** Primitives with a part that no method shows. */
import { primitive, type Tensor } from '../tensor.ts'
import { filled, integers, randn, type SampleInputs, type Samples, samples } from './format.ts'

const words: SampleInputs = [
  [integers([3, 4], 0, 2 ** 32, 'uint32'), integers([3, 4], 0, 32, 'uint32')],
  [integers([1], 0, 2 ** 32, 'uint32'), integers([1], 0, 32, 'uint32')],
  [integers([0, 3], 0, 2 ** 32, 'uint32'), integers([0, 3], 0, 32, 'uint32')],
  [integers([6], -(2 ** 31), 2 ** 31), integers([6], 0, 32)],
]
const bits: SampleInputs = [...words, [integers([6], -(2 ** 31), 2 ** 31), integers([6], -(2 ** 31), 2 ** 31)]]
const sameShape = { broadcast: 'a primitive takes equal shapes' }
const none = { none: 'no counterpart' }

const conv = (x: Tensor, w: Tensor, ...[stride, padLow, padHigh, dilation, inputDilation]: number[][]): Tensor =>
  primitive('conv', [x, w], {
    stride: stride!,
    padLow: padLow!,
    padHigh: padHigh!,
    dilation: dilation!,
    inputDilation: inputDilation!,
  })

const all: Samples[] = [
  ...(['and', 'or', 'xor', 'shl', 'shr'] as const).map((op) =>
    samples(`primitive:${op}`, {
      torch: none,
      inputs: op.startsWith('sh') ? words : bits,
      call: (a, b) => primitive(op, [a, b], {}),
      without: sameShape,
    }),
  ),
  samples('primitive:randomBits', {
    torch: none,
    call: (c0, c1, k0, k1) => primitive('randomBits', [c0, c1, k0, k1], {}),
    inputs: [
      ['uint32', 'uint32', 'uint32', 'uint32'].map((dtype, i) => filled([3], [0, 1 + i, 0xffffffff], dtype as 'uint32')),
      [1, 2, 3, 4].map(() => integers([1], 0, 2 ** 32, 'uint32')),
      [1, 2, 3, 4].map(() => integers([0], 0, 2 ** 32, 'uint32')),
    ],
    without: sameShape,
  }),
  samples('primitive:conv', {
    torch: none,
    call: conv,
    inputs: [
      {
        inputs: [randn([2, 2, 2, 4, 5]), randn([2, 3, 2, 3, 2])],
        args: [
          [1, 2],
          [1, 0],
          [0, 1],
          [1, 1],
          [1, 1],
        ],
      },
      {
        inputs: [randn([2, 1, 2, 4, 5]), randn([1, 3, 2, 3, 2])],
        args: [
          [1, 1],
          [2, 1],
          [2, 1],
          [1, 1],
          [2, 3],
        ],
      },
      {
        inputs: [randn([1, 2, 1, 3, 3]), randn([2, 2, 1, 2, 2])],
        args: [
          [2, 1],
          [0, 1],
          [1, 2],
          [2, 1],
          [1, 2],
        ],
      },
      {
        inputs: [randn([2, 1, 1, 5, 5]), randn([1, 2, 1, 3, 3])],
        args: [
          [1, 1],
          [-1, 0],
          [0, -1],
          [1, 1],
          [1, 1],
        ],
      },
      {
        inputs: [randn([1, 1, 1, 1, 1]), randn([1, 1, 1, 1, 1])],
        args: [
          [1, 1],
          [0, 0],
          [0, 0],
          [1, 1],
          [1, 1],
        ],
      },
      {
        inputs: [randn([0, 1, 2, 3, 3]), randn([1, 2, 2, 2, 2])],
        args: [
          [1, 1],
          [0, 0],
          [0, 0],
          [1, 1],
          [1, 1],
        ],
      },
      {
        inputs: [randn([1, 1, 2, 3, 4, 3]), randn([1, 2, 2, 2, 2, 2])],
        args: [
          [1, 2, 1],
          [1, 0, 0],
          [0, 1, 0],
          [1, 1, 2],
          [1, 1, 1],
        ],
      },
    ],
    without: { broadcast: 'channels must fit' },
  }),
]
export default all
