/** Training on gpu.js leaves nothing behind. In Node this runs in mode cpu, and in a page, from gpujs-training.browser.test.ts, in WebGL 2. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { Linear, mseLoss, Sequential, Tanh } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { afterEach, expect, test } from 'vitest'

const mode = typeof document === 'undefined' ? 'cpu' : 'webgl2'

afterEach(async () => {
  await useBackend(cpu())
})

const batch = (step: number): [Tensor, Tensor] => {
  const points = Array.from({ length: 8 }, (_, i) => [Math.sin(step * 8 + i), Math.cos(2.3 * (step * 8 + i))])
  return [tensor(points), tensor(points.map(([a, b]) => [2 * a! - 3 * b! + 0.5]))]
}

test.each([true, false])(
  '500 steps leave as many textures as there were after 5, and closing the backend leaves none; jit: %s',
  async (jitted) => {
    const backend = await useBackend(await gpujs({ mode }))
    manualSeed(1)
    const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
    const optimizer = new Adam(model.namedParameters(), { lr: 0.01 })
    const plain = (x: Tensor, y: Tensor): Tensor => {
      optimizer.zeroGrad()
      const loss = mseLoss(model.forward(x), y)
      backward(loss)
      optimizer.step()
      return loss
    }
    const step = jitted ? jit(plain) : plain
    const losses: number[] = []
    let after5: unknown
    for (let i = 0; i < 500; i++) {
      losses.push(await step(...batch(i % 10)).item())
      if (i === 4) after5 = backend.report().details.textures
    }
    expect(after5).toBeGreaterThan(0)
    expect(backend.report().details.textures).toBe(after5)
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 10)
    backend.dispose()
    expect(backend.report().details.textures).toBe(0)
  },
)
