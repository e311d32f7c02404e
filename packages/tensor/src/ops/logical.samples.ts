import { booleans, integers, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import { logicalAnd, logicalNot, logicalOr, logicalXor } from './logical.ts'

const pairs: SampleInputs = [
  [booleans([3, 4]), booleans([3, 4])],
  [booleans([3, 4]), booleans([4])],
  [booleans([1]), booleans([1])],
  [booleans([0, 3]), booleans([3])],
  [integers([6], -1, 2), values(0, 1, 0, -2, NaN, 0)],
]

const all: Samples[] = [
  samples(logicalNot, {
    torch: 'torch.logical_not',
    inputs: [booleans([3, 4]), booleans([1]), booleans([]), booleans([0, 3]), integers([5], -1, 2), values(-1, 0, 0.5, NaN)],
  }),
  samples(logicalAnd, { torch: 'torch.logical_and', inputs: pairs }),
  samples(logicalOr, { torch: 'torch.logical_or', inputs: pairs }),
  samples(logicalXor, { torch: 'torch.logical_xor', inputs: pairs }),
]
export default all
