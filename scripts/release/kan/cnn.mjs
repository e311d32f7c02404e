// The CNN app's model with its last layer replaced by one that somebody else has published, on the digits that the app learns.

import { Kan } from '@stranger/nn-kan'
import { backward } from '@tenon/autograd'
import { wasm } from '@tenon/backend-wasm'
import { DataLoader, field, normalize, subset, toFloat } from '@tenon/datasets'
import { mnist } from '@tenon/datasets/node'
import { crossEntropy, Sequential } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, useBackend } from '@tenon/tensor'
import { presets } from './model.mjs'

await useBackend(wasm())
manualSeed(1)
const layers = [...presets.tiny.build()]
const model = new Sequential(...layers.slice(0, -1), new Kan(16, 10))
const optimizer = new Adam(model.namedParameters(), { lr: 0.005 })
const step = jit((images, labels) => {
  optimizer.zeroGrad()
  const loss = crossEntropy(model.forward(images), labels)
  backward(loss)
  optimizer.step()
  return loss
})

const transform = field('images', toFloat(), normalize(0.1307, 0.3081))
const train = subset(await mnist({ train: true }), { end: 12800 })
const test = subset(await mnist({ train: false }), { end: 1000 })
for await (const { images, labels } of new DataLoader(train, { batchSize: 64, shuffle: true, seed: 1, transform })) step(images, labels)
let right = 0
for await (const { images, labels } of new DataLoader(test, { batchSize: 250, transform })) {
  right += await model.forward(images).argmax(1).eq(labels).sum().item()
}
console.log(JSON.stringify({ last: String(model[model.length - 1]), accuracy: right / test.length }))
