// The example of the paper: exp(sin(πx) + y²), by two layers of splines.

import { Kan } from '@stranger/nn-kan'
import { backward } from '@tenon/autograd'
import { mseLoss, Sequential } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { exp, jit, manualSeed, rand, sin } from '@tenon/tensor'

manualSeed(0)
const model = new Sequential(new Kan(2, 5), new Kan(5, 1))
const optimizer = new Adam(model.parameters(), { lr: 0.02 })
const x = rand([256, 2]).mul(2).sub(1)
const y = exp(sin(x.select(1, 0).mul(Math.PI)).add(x.select(1, 1).mul(x.select(1, 1)))).unsqueeze(1)
const step = jit((x, y) => {
  optimizer.zeroGrad()
  const loss = mseLoss(model.forward(x), y)
  backward(loss)
  optimizer.step()
  return loss
})
const losses = []
for (let i = 0; i < 300; i++) losses.push(step(x, y))
console.log(JSON.stringify([await losses.at(0).item(), await losses.at(-1).item()]))
