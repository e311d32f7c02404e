/**
 * The step as plain gpu.js kernels: nine of them, each gradient derived by hand and fused with
 * the update of its parameter. Bias, activation and their gradients ride along; the softmax is computed where it is used, since its ten
 * exponentials cost less than a kernel of their own.
 */

import type { Step } from '../gpujs-steps.ts'
import { type Data, HandKernels, type HandMode, sum } from '../hand-kernels.ts'
import { batchSize as B, hidden as H, inputs as I, learningRate, makeBatches, makeLayers, classes as O } from './workload.ts'

export const makeStep = (mode: HandMode): Step => {
  const on = new HandKernels(mode)
  const [h, z] = [on.at('h', [B, H]), on.at('z', [B, O])]

  /** x wᵀ + b   [B, in], [out, in], [out] → [B, out] */
  const linear = (width: number, size: number, activate: (y: string) => string) => {
    const [x, w] = [on.at('x', [B, width]), on.at('w', [size, width])]
    const { lines, value } = sum(width, (k) => `${x('r', k)} * ${w('c', k)}`)
    return on.kernel('x, w, b', [B, size], ['r', 'c'], `${lines}\nreturn ${activate(`${value} + b[c]`)};`)
  }
  const forward1 = linear(I, H, (y) => `Math.max(${y}, 0.0)`)
  const forward2 = linear(H, O, (y) => y)

  const softmaxOf = `let m = ${z('r', '0')};
    for (let k = 1; k < ${O}; k++) { m = Math.max(m, ${z('r', 'k')}); }
    let s = 0.0;
    for (let k = 0; k < ${O}; k++) { s += Math.exp(${z('r', 'k')} - m); }`
  const loss = on.kernel(
    'z, labels',
    [1],
    ['i'],
    `let total = 0.0;
    for (let r = 0; r < ${B}; r++) {
      ${softmaxOf}
      total += Math.log(s) + m - ${z('r', 'labels[r]')};
    }
    return total / ${B};`,
  )
  /** (softmax(z) − onehot(labels)) / B */
  const backwardLoss = on.kernel(
    'z, labels',
    [B, O],
    ['r', 'c'],
    `${softmaxOf}
    const p = Math.exp(${z('r', 'c')} - m) / s;
    if (labels[r] === c) { return (p - 1.0) / ${B}; }
    return p / ${B};`,
  )

  const through = sum(O, (k) => `${on.at('dz', [B, O])('r', k)} * ${on.at('w', [O, H])(k, 'c')}`)
  const backward1 = on.kernel(
    'dz, w, h',
    [B, H],
    ['r', 'c'],
    `${through.lines}\nif (${h('r', 'c')} > 0.0) { return ${through.value}; }\nreturn 0.0;`,
  )
  /** w − lr · dᵀ x */
  const updateWeight = (size: number, width: number) => {
    const [w, d, x] = [on.at('w', [size, width]), on.at('d', [B, size]), on.at('x', [B, width])]
    const { lines, value } = sum(B, (k) => `${d(k, 'r')} * ${x(k, 'c')}`)
    return on.kernel('w, d, x', [size, width], ['r', 'c'], `${lines}\nreturn ${w('r', 'c')} - ${learningRate} * (${value});`)
  }
  const updateBias = (size: number) => {
    const { lines, value } = sum(B, (k) => on.at('d', [B, size])(k, 'c'))
    return on.kernel('b, d', [size], ['c'], `${lines}\nreturn b[c] - ${learningRate} * (${value});`)
  }
  const [updateWeight1, updateBias1] = [updateWeight(H, I), updateBias(H)]
  const [updateWeight2, updateBias2] = [updateWeight(O, H), updateBias(O)]

  const [layer1, layer2] = makeLayers()
  let w1 = on.uploader([H, I])(layer1.weight)
  let b1 = on.uploader([H])(layer1.bias)
  let w2 = on.uploader([O, H])(layer2.weight)
  let b2 = on.uploader([O])(layer2.bias)
  const [uploadInputs, uploadLabels] = [on.uploader([B, I]), on.uploader([B])]

  const batches = makeBatches()
  let steps = 0
  return async () => {
    const batch = batches[steps++ % batches.length]!
    const [x, labels] = [uploadInputs(batch.inputs), uploadLabels(Float32Array.from(batch.labels))]
    const h = forward1(x, w1, b1)
    const z = forward2(h, w2, b2)
    const l = loss(z, labels)
    const dz = backwardLoss(z, labels)
    const dh = backward1(dz, w2, h)
    const old: readonly Data[] = [w1, b1, w2, b2]
    w1 = updateWeight1(w1, dh, x)
    b1 = updateBias1(b1, dh)
    w2 = updateWeight2(w2, dz, h)
    b2 = updateBias2(b2, dz)
    const value = on.read(l)
    on.delete(x, labels, h, z, l, dz, dh, ...old)
    return value
  }
}
