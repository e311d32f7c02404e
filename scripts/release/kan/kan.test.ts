import { tensor, zeros } from '@tenon/tensor'
import { describeLayer } from '@tenon/testing'
import { Kan } from './kan.ts'

describeLayer('Kan', {
  make: (dtype) => new Kan(3, 2, { knots: 5, dtype }),
  inputs: [tensor([0.3, -1.2, 0.8, 1.1, 0.4, -0.6], [2, 3])],
  refuses: [[zeros([2, 4])]],
})
