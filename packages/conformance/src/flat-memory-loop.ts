/** 2,000 training steps as a user would write them, keeping every loss; prints the memory after 200 and at the end. Arguments: jit | eager, await | sync. */
import { backward } from '@tenon/autograd'
import { wasm } from '@tenon/backend-wasm'
import { Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, memory, type Tensor, tensor, useBackend } from '@tenon/tensor'

const [how, reading] = process.argv.slice(2)
await useBackend(wasm())
manualSeed(1)
const model = new Sequential(new Conv2d(1, 4, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(4 * 6 * 6, 10))
const optimizer = new Adam(model.namedParameters(), { lr: 1e-3 })
const eager = (images: Tensor, labels: Tensor): Tensor => {
  optimizer.zeroGrad()
  const loss = crossEntropy(model.forward(images), labels)
  backward(loss)
  optimizer.step()
  return loss
}
const step = how === 'jit' ? jit(eager) : eager
// Touches V8's young generation from end to end, which else happens little by little.
for (let i = 0; i < 100_000; i++) new Array(100).fill(i)
const losses: Tensor[] = []
const pixels = Float32Array.from({ length: 8 * 14 * 14 }, (_, i) => Math.sin(i))
for (let i = 1; i <= 2000; i++) {
  const images = tensor(pixels, [8, 1, 14, 14])
  const labels = tensor(Int32Array.from({ length: 8 }, (_, k) => (i + k) % 10))
  const loss = step(images, labels)
  losses.push(loss)
  if (reading === 'await') await loss.item()
  else loss.itemSync()
  if (i === 200 || i === 2000) {
    for (let k = 0; k < 3; k++) {
      ;(globalThis as { gc?: () => void }).gc?.()
      await new Promise((resolve) => setTimeout(resolve, 50)) // arrays are freed by another thread
    }
    console.log(JSON.stringify({ rss: process.memoryUsage.rss(), memory: memory() }))
  }
}
