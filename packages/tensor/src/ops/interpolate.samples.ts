import { randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { interpolate } from './interpolate.ts'

const plane = randn([2, 2, 3, 4])
const bilinear: SampleInputs = [true, false].flatMap((alignCorners) => [
  { inputs: [plane], args: [{ size: [5, 7], mode: 'bilinear', alignCorners }] },
  { inputs: [plane], args: [{ scaleFactor: 2, mode: 'bilinear', alignCorners }] },
  { inputs: [plane], args: [{ size: [2, 1], mode: 'bilinear', alignCorners }] },
  { inputs: [plane], args: [{ scaleFactor: [1.5, 0.6], mode: 'bilinear', alignCorners }] },
  { inputs: [randn([2, 1, 4])], args: [{ size: 7, mode: 'linear', alignCorners }] },
  { inputs: [randn([1, 1, 2, 2, 3])], args: [{ size: [3, 2, 4], mode: 'trilinear', alignCorners }] },
  { inputs: [randn([1, 1, 1, 1])], args: [{ size: 3, mode: 'bilinear', alignCorners }] },
])

const all: Samples = samples(interpolate, {
  torch: 'F.interpolate',
  inputs: [
    { inputs: [plane], args: [{ scaleFactor: 2 }] },
    { inputs: [plane], args: [{ size: [5, 7], mode: 'nearest' }] },
    { inputs: [plane], args: [{ size: [2, 3] }] },
    { inputs: [plane], args: [{ scaleFactor: [1.7, 0.5] }] },
    { inputs: [randn([1, 1, 7])], args: [{ size: 49 }] },
    { inputs: [randn([2, 2, 5])], args: [{ size: 3 }] },
    { inputs: [randn([1, 1, 2, 3, 2])], args: [{ scaleFactor: [1, 2, 3] }] },
    { inputs: [randn([1, 1, 1, 1])], args: [{ size: 3 }] },
    { inputs: [randn([0, 1, 3, 3])], args: [{ size: 5 }] },
    ...bilinear,
  ],
})
export default all
