import { backward } from '@tenon/autograd'
import { wasm } from '@tenon/backend-wasm'
import { cost, printKernel, programOf } from '@tenon/kernel'
import { Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'
import { Adam, SGD } from '@tenon/optim'
import { jit, tensor, useBackend } from '@tenon/tensor'

const w = wasm()
const programs: any[] = []
const proxy = {
  ...w,
  compile: (p: any) => {
    const e = w.compile(p)
    programs.push({ p, e, n: 0, ms: [] as number[] })
    return e
  },
  execute: (e: any, b: any, s: any) => {
    const t = performance.now()
    w.execute(e, b, s)
    const r = programs.find((x) => x.e === e)
    r.n++
    r.ms.push(performance.now() - t)
  },
}
await useBackend(proxy)
const model = new Sequential(
  new Conv2d(1, 16, 3, { padding: 1 }),
  new ReLU(),
  new MaxPool2d(2),
  new Conv2d(16, 32, 3, { padding: 1 }),
  new ReLU(),
  new MaxPool2d(2),
  new Flatten(),
  new Linear(1568, 128),
  new ReLU(),
  new Linear(128, 10),
)
const optimizer =
  process.argv[2] === 'adam'
    ? new Adam(model.namedParameters(), { lr: 0.001 })
    : new SGD(model.namedParameters(), { lr: 0.01, momentum: 0.5 })
const train = jit((images: any, labels: any) => {
  const loss = crossEntropy(model.forward(images), labels)
  backward(loss)
  optimizer.step()
  optimizer.zeroGrad()
  return loss
})
const X = Float32Array.from({ length: 64 * 784 }, () => Math.random()),
  Y = Int32Array.from({ length: 64 }, (_, i) => i % 10)
const ts: number[] = []
for (let i = 0; i < 60; i++) {
  const t = performance.now()
  const l = train(tensor(X, [64, 1, 28, 28]), tensor(Y))
  l.item()
  ts.push(performance.now() - t)
}
ts.sort((a, b) => a - b)
console.log('step min', ts[0]!.toFixed(2), 'median', ts[30]!.toFixed(2))
for (const r of programs) {
  if (r.n < 5) continue
  r.ms.sort((a: number, b: number) => a - b)
  console.log('program', r.p.steps.length, 'steps', r.n, 'runs, execute min', r.ms[0].toFixed(2), 'median', r.ms[r.n >> 1].toFixed(2))
}
const main = programs.filter((r) => r.n > 20).sort((a, b) => b.p.steps.length - a.p.steps.length)[0]
const rows: any[] = []
for (const step of main.p.steps) {
  const k = step.kernel
  const hs = k.buffers.map((b: any) => {
    const h = w.allocate(b.dtype, b.length)
    if (b.dtype === 'float32')
      w.write(
        h,
        Float32Array.from({ length: b.length }, () => Math.random() - 0.5),
      )
    else {
      w.write(h, w.readSync!(h).fill(1))
    }
    return h
  })
  const e = w.compile(programOf(k))
  const sc = k.scalars.map(() => 0.5)
  for (let i = 0; i < 30; i++) w.execute(e, hs, sc)
  await new Promise((r) => setTimeout(r, 5))
  let best = 1e9
  for (let i = 0; i < 10; i++) {
    const t = performance.now()
    w.execute(e, hs, sc)
    best = Math.min(best, performance.now() - t)
  }
  hs.forEach((h: any) => w.free(h))
  const c = cost(k)
  rows.push({ best, text: printKernel(k), c })
}
let sum = 0
for (const r of rows) sum += r.best
console.log('sum of kernels', sum.toFixed(2))
rows.sort((a, b) => b.best - a.best)
for (const r of rows.slice(0, Number(process.argv[3] ?? 14)))
  console.log(
    `\n${r.best.toFixed(3)} ms ${(r.c.flops / r.best / 1e6).toFixed(1)} GF/s ${(r.c.bytes / r.best / 1e6).toFixed(1)} GB/s\n${r.text}`,
  )
