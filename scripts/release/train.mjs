// Runs in the project of a stranger, on every runtime: imports the packages and trains on two backends.

import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { Linear, mseLoss, Sequential, Tanh } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { manualSeed, randn, useBackend } from '@tenon/tensor'

/** Losses of two steps, wide enough for two threads; with threads, two more once these have started. */
async function trainOn(backend) {
  await useBackend(backend)
  manualSeed(1)
  const model = new Sequential(new Linear(64, 256), new Tanh(), new Linear(256, 1))
  const optimizer = new SGD(model.namedParameters(), { lr: 0.05 })
  const x = randn([512, 64])
  const y = x.sum(1, { keepdim: true }).div(8)
  const step = () => {
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(x), y)
    backward(loss)
    optimizer.step()
    return loss.item()
  }
  const losses = [await step(), await step()]
  while (backend.report().details.workers === 'starting') await new Promise((resolve) => setTimeout(resolve, 5))
  losses.push(await step(), await step())
  const { details, notes } = backend.report()
  return { losses, threads: details.threads ?? 1, workers: details.workers ?? 'none', notes }
}

/** What each backend gave: losses, threads, and what it had to say. */
export const train = async () => ({ cpu: await trainOn(cpu()), wasm: await trainOn(wasm({ threads: 2 })) })
