/** A product of matrices, and a convolution with its gradients, as plain gpu.js kernels. */

import type { Step } from '../gpujs-steps.ts'
import { type Data, HandKernels, type HandMode, sum } from '../hand-kernels.ts'
import { conv, inputRate, learningRate, makeConvTensors, makeMatrices, matmulSize } from './workload.ts'

/** S becomes S · Q; the mean square of its first column comes out. */
export const makeMatmul = (mode: HandMode): Step => {
  const on = new HandKernels(mode)
  const n = matmulSize
  const [s, q] = [on.at('s', [n, n]), on.at('q', [n, n])]
  // On the cpu, rows of Qᵀ stay in the cache as columns of Q do not, which is worth more than transposing costs.
  const transpose = mode === 'cpu' ? on.kernel('q', [n, n], ['r', 'c'], `return ${q('c', 'r')};`) : null
  const product = sum(n, (k) => `${s('r', k)} * ${transpose ? q('c', k) : q(k, 'c')}`)
  const multiply = on.kernel('s, q', [n, n], ['r', 'c'], `${product.lines}\nreturn ${product.value};`)
  const square = sum(n, (k) => `${s(k, '0')} * ${s(k, '0')}`)
  const meanSquare = on.kernel('s', [1], ['i'], `${square.lines}\nreturn (${square.value}) / ${n};`)

  const { state, reflection } = makeMatrices()
  const upload = on.uploader([n, n])
  let current = upload(state)
  const factor = upload(reflection)
  return async () => {
    const right = transpose ? transpose(factor) : factor
    const next = multiply(current, right)
    const result = meanSquare(next)
    const value = on.read(result)
    on.delete(current, result, ...(transpose ? [right] : []))
    current = next
    return value
  }
}

/**
 * A step of training. What is read by windows is padded first, so that no window asks where it is, and windows are written out. The
 * pixels of an image are one dimension, since 196 is a multiple of WebAssembly's four and 14 is not.
 */
export const makeConv = (mode: HandMode): Step => {
  const on = new HandKernels(mode)
  const { batch: N, channels: C, size: S, features: O, window: W } = conv
  const [pixels, padded, width, taps] = [S * S, (S + 2) ** 2, S + 2, W * W]
  const elements = N * O * pixels
  const [y, target] = [on.at('y', [N, O, pixels]), on.at('target', [N, O, pixels])]
  const [w, x, p, d] = [on.at('w', [O, C * taps]), on.at('x', [N, C, pixels]), on.at('p', [N, C, padded]), on.at('d', [N, O, padded])]
  const taken = Array.from({ length: taps }, (_, tap) => ({ tap, offset: Math.floor(tap / W) * width + (tap % W) }))
  /** The row and column of pixel `q`, and the place of its window's first tap in a padded image. */
  const pixel = `const row = Math.floor(q / ${S});
    const corner = row * ${width} + q - row * ${S};`
  /** Of a padded image: `value` inside, where `q` is the pixel, and 0 outside. */
  const inside = (value: string) => `const row = Math.floor(i / ${width});
    const column = i - row * ${width};
    if (row < 1 || row > ${S} || column < 1 || column > ${S}) { return 0.0; }
    const q = (row - 1) * ${S} + column - 1;
    ${value}`

  const pad = on.kernel('x', [N, C, padded], ['n', 'c', 'i'], inside(`return ${x('n', 'c', 'q')};`))
  const forward = on.kernel(
    'p, w, b',
    [N, O, pixels],
    ['n', 'o', 'q'],
    `${pixel}
    let s0 = b[o];
    let s1 = 0.0;
    let s2 = 0.0;
    for (let c = 0; c < ${C}; c++) {
      ${taken.map(({ tap, offset }) => `s${tap % 3} += ${p('n', 'c', `corner + ${offset}`)} * ${w('o', `c * ${taps} + ${tap}`)};`).join('\n')}
    }
    return Math.max(s0 + s1 + s2, 0.0);`,
  )
  const rowLosses = on.kernel(
    'y, target',
    [N * O],
    ['i'],
    `const n = Math.floor(i / ${O});
    const o = i - n * ${O};
    let total = 0.0;
    for (let q = 0; q < ${pixels}; q++) {
      const off = ${y('n', 'o', 'q')} - ${target('n', 'o', 'q')};
      total += off * off;
    }
    return total;`,
  )
  const total = sum(N * O, (k) => `rows[${k}]`)
  const loss = on.kernel('rows', [1], ['i'], `${total.lines}\nreturn (${total.value}) / ${elements};`)
  const backwardLoss = on.kernel(
    'y, target',
    [N, O, padded],
    ['n', 'o', 'i'],
    inside(`const value = ${y('n', 'o', 'q')};
    if (value > 0.0) { return (value - ${target('n', 'o', 'q')}) * ${2 / elements}; }
    return 0.0;`),
  )
  /** x less its gradient: the convolution of d with the windows turned around. */
  const updateInput = on.kernel(
    'x, d, w',
    [N, C, pixels],
    ['n', 'c', 'q'],
    `${pixel}
    let s0 = 0.0;
    let s1 = 0.0;
    let s2 = 0.0;
    for (let o = 0; o < ${O}; o++) {
      ${taken.map(({ tap, offset }) => `s${tap % 3} += ${d('n', 'o', `corner + ${offset}`)} * ${w('o', `c * ${taps} + ${taps - 1 - tap}`)};`).join('\n')}
    }
    return ${x('n', 'c', 'q')} - ${inputRate} * (s0 + s1 + s2);`,
  )
  const updateWeight = on.kernel(
    'w, d, p',
    [O, C * taps],
    ['o', 'i'],
    `const c = Math.floor(i / ${taps});
    const tap = i - c * ${taps};
    const tapRow = Math.floor(tap / ${W});
    const offset = tapRow * ${width} + tap - tapRow * ${W};
    let s0 = 0.0;
    let s1 = 0.0;
    for (let n = 0; n < ${N}; n++) {
      for (let row = 0; row < ${S}; row++) {
        const from = row * ${width};
        for (let column = 0; column < ${S}; column += 2) {
          s0 += ${d('n', 'o', `from + ${width + 1} + column`)} * ${p('n', 'c', 'from + offset + column')};
          s1 += ${d('n', 'o', `from + ${width + 2} + column`)} * ${p('n', 'c', 'from + offset + column + 1')};
        }
      }
    }
    return ${w('o', 'i')} - ${learningRate} * (s0 + s1);`,
  )
  const updateBias = on.kernel(
    'b, d',
    [O],
    ['o'],
    `let s = 0.0;
    for (let n = 0; n < ${N}; n++) {
      for (let i = 0; i < ${padded}; i++) { s += ${d('n', 'o', 'i')}; }
    }
    return b[o] - ${learningRate} * s;`,
  )

  const host = makeConvTensors()
  let input = on.uploader([N, C, pixels])(host.x)
  let weight = on.uploader([O, C * taps])(host.weight)
  let bias = on.uploader([O])(host.bias)
  const wanted = on.uploader([N, O, pixels])(host.target)
  return async () => {
    const old: readonly Data[] = [input, weight, bias]
    const p = pad(input)
    const y = forward(p, weight, bias)
    const rows = rowLosses(y, wanted)
    const l = loss(rows)
    const d = backwardLoss(y, wanted)
    input = updateInput(input, d, weight)
    weight = updateWeight(weight, d, p)
    bias = updateBias(bias, d)
    const value = on.read(l)
    on.delete(p, y, rows, l, d, ...old)
    return value
  }
}
