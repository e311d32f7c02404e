/** A small net that trains, wherever this is called. */
import { backward } from '@tenon/autograd'
import { wasm } from '@tenon/backend-wasm'
import type { BackendReport } from '@tenon/kernel'
import { Linear, mseLoss, Sequential, Tanh } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, tensor, useBackend } from '@tenon/tensor'

export interface Trained {
  /** Whether this was a page's main thread or a worker, and whether it was cross-origin isolated. */
  readonly place: string
  readonly isolated: boolean
  readonly losses: readonly number[]
  readonly report: BackendReport
}

/** Exclusive or, learned on backend-wasm in 200 steps. */
export async function trainXor(): Promise<Trained> {
  const backend = await useBackend(wasm({ threads: 2 }))
  manualSeed(1)
  const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
  const optimizer = new Adam(model.namedParameters(), { lr: 0.05 })
  const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]) // biome-ignore format: a truth table
  const y = tensor([[0], [1], [1], [0]])
  const step = jit(() => {
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(x), y)
    backward(loss)
    optimizer.step()
    return loss
  })
  const losses = Array.from({ length: 200 }, () => step())
  return {
    place: globalThis.constructor.name,
    isolated: crossOriginIsolated,
    losses: await Promise.all(losses.map((loss) => loss.item())),
    report: backend.report(),
  }
}
