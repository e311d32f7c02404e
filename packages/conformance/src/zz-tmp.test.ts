import { test } from 'vitest'
import { concat, ones, primitive, tensor } from '@tenon/tensor'
test('x', async () => {
  const x = tensor(Float64Array.from([2, 0, 3]))
  const level = concat([x, ones([1], { dtype: 'float64' })], 0)
  console.log(Array.from(await level.data()))
  const pair = level.reshape([2, 2])
  console.log('pair', Array.from(await pair.data()), 'flip', Array.from(await pair.flip([-1]).data()))
  const l2 = concat([x, ones([1], { dtype: 'float64' })], 0)
  const p2 = l2.reshape([2, 2])
  console.log('flip fused', Array.from(await p2.flip([-1]).data()), 'sel', Array.from(await p2.select(-1, 0).data()), Array.from(await p2.select(-1, 1).data()))
  const l3 = concat([x, ones([1], { dtype: 'float64' })], 0).reshape([2, 2])
  console.log('flip fresh', Array.from(await l3.flip([-1]).data()))
  const l4 = concat([x, ones([1], { dtype: 'float64' })], 0).reshape([2, 2])
  console.log('sel mul', Array.from(await l4.select(-1, 0).mul(l4.select(-1, 1)).data()))
  const l5 = concat([x, ones([1], { dtype: 'float64' })], 0).reshape([2, 2])
  console.log('flip mul', Array.from(await l5.flip([-1]).mul(tensor(Float64Array.from([3,5]), [2,1])).data()))
  console.log('flip mul slice', Array.from(await l5.flip([-1]).mul(tensor(Float64Array.from([3,5]), [2,1])).flatten(-2).slice(-1, 0, 3).data()))
})
