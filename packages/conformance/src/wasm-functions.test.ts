/** How far the functions that backend-wasm makes of instructions are from exact, in units in the last place, and what they make of the ends. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { erf, exp, expm1, log, log1p, type Tensor, tanh, tensor, useBackend } from '@tenon/tensor'
import { afterAll, expect, test } from 'vitest'

const reference = cpu()
/** With a fused multiply-add where the engine has one, and without. */
const tested = [true, false].map((relaxed) => wasm({ relaxed }))

afterAll(async () => {
  await useBackend(reference)
  for (const backend of tested) backend.dispose()
})

type Interval = readonly [low: number, high: number]

const functions: Readonly<Record<string, { f: (x: Tensor) => Tensor; on: Interval; ulps: number }>> = {
  exp: { f: exp, on: [-86.98, 88.72], ulps: 1 },
  expm1: { f: expm1, on: [-20, 88], ulps: 3 },
  log: { f: log, on: [0, 3e38], ulps: 2 },
  log1p: { f: log1p, on: [-0.9999, 3e38], ulps: 3 },
  tanh: { f: tanh, on: [-12, 12], ulps: 6 },
  erf: { f: erf, on: [-6, 6], ulps: 3 },
}

/** Numbers of all magnitudes, and as many spread evenly. */
function samples([low, high]: Interval): Float32Array {
  const bound = Math.min(high, 100)
  const even = Array.from({ length: 4001 }, (_, i) => low + ((bound - low) * i) / 4000)
  const scaled = Array.from({ length: 4000 }, (_, i) => (i % 2 ? 1 : -1) * 2 ** (-120 + (240 * i) / 4000) * (1 + ((i * 0.618) % 1)))
  return Float32Array.from([...even, ...scaled].filter((x) => x >= low && x <= high))
}

/** Between neighbouring float32 of this magnitude. */
const spacing = (y: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(y) || 2 ** -126))) - 23)

for (const [name, { f, on, ulps }] of Object.entries(functions)) {
  test(`${name} is within ${ulps} units in the last place`, async () => {
    const x = samples(on)
    await useBackend(reference)
    const exact = await f(tensor(Float64Array.from(x))).data()
    for (const backend of tested) {
      await useBackend(backend)
      const actual = await f(tensor(x)).data()
      let worst = { x: 0, error: 0 }
      for (const [i, y] of exact.entries()) {
        const error = Math.abs(Number(actual[i]) - Number(y)) / spacing(Number(y))
        if (!(error <= worst.error)) worst = { x: x[i]!, error }
      }
      expect(worst.error, `at ${worst.x}`).toBeLessThanOrEqual(ulps)
    }
  })
}

test('functions have their limits at the infinities, keep NaN, and stay between their bounds', async () => {
  const tooSmall = Float32Array.of(-86.98, -86.99, -87.5, -100)
  const ends = Float32Array.of(-Infinity, -1e30, -0, 0, 1e30, Infinity, NaN)
  const at = async (f: (x: Tensor) => Tensor): Promise<number[]> => Array.from(await f(tensor(ends)).data(), Number)
  for (const backend of tested) {
    await useBackend(backend)
    expect(await at(exp)).toEqual([0, 0, 1, 1, Infinity, Infinity, NaN])
    expect((await exp(tensor(tooSmall)).data()).map((y) => Math.sign(Number(y)))).toEqual(Float32Array.of(1, 0, 0, 0))
    expect(await at(tanh)).toEqual([-1, -1, -0, 0, 1, 1, NaN])
    expect(await at(erf)).toEqual([-1, -1, -0, 0, 1, 1, NaN])
    const bounded = await tanh(tensor(samples([-12, 12]))).data()
    expect(bounded.every((y) => Math.abs(Number(y)) <= 1)).toBe(true)
  }
})

test('the greatest and the least of a row with a NaN anywhere is NaN', async () => {
  await useBackend(tested[0]!)
  for (const length of [5, 16, 67, 300]) {
    for (const place of [0, 1, length >> 1, length - 1]) {
      const rows = Float32Array.from({ length: 2 * length }, (_, i) => (i === place ? NaN : Math.sin(i)))
      for (const name of ['max', 'min'] as const) {
        const [first, second] = await tensor(rows, [2, length])[name](1).data()
        expect(first).toBeNaN()
        expect(second).toBe(Math.fround(Math[name](...rows.subarray(length))))
        const columns = await tensor(rows, [2, length]).transpose(0, 1)[name](0).data()
        expect(columns[0]).toBeNaN()
      }
    }
  }
})
