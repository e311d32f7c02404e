/** The conformance suite of a layer. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { type Backend, isFloat } from '@tenon/kernel'
import { Module } from '@tenon/nn'
import { manualSeed, mapTensors, realize, TenonError, type Tensor, tensor, useBackend, zeros } from '@tenon/tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gradientCheck } from './gradient-check.ts'
import {
  describeInputs,
  differences,
  forward,
  incomingGradient,
  inPrecision,
  type LayerFloat,
  type LayerNumbers,
  learned,
  run,
  store,
  tensorsOf,
} from './layer-run.ts'

/** Relative error that float32 results of a layer and its gradients may have between backends, and against PyTorch. */
export const layerTolerance = 2e-5

/** What PyTorch's layer gave for the same inputs. */
export interface TorchLayerAnswers {
  /** The state dict that the layer had, under our names in PyTorch's order. */
  readonly state: LayerNumbers
  /**
   * What PyTorch gave while training and in eval(), under the names of `LayerNumbers`: gradients for incoming ones of cos(1 + k + i) at element i
   * of output k, buffers after two calls with the same inputs.
   */
  readonly train?: LayerNumbers
  readonly eval?: LayerNumbers
}

/** What `describeLayer` is told of a layer. */
export interface DescribeLayerOptions {
  /**
   * Makes the layer: always the same one but for its initial values. `dtype` is there to be passed on; a layer that has no such option gets
   * Variables of that dtype into its fields.
   */
  readonly make: (dtype: LayerFloat) => Module
  /** What `forward` is called with: tensors, arrays and plain objects of tensors, options. Floats are float32 or float64, as the layer. */
  readonly inputs: readonly unknown[]
  /** Inputs that `forward` refuses. */
  readonly refuses?: readonly (readonly unknown[])[]
  /** Beside backend-cpu. */
  readonly backends?: readonly { readonly name: string; readonly make: () => Backend | Promise<Backend> }[]
  /** Inputs at which there is no derivative: elements this near to one of them are not moved. */
  readonly kinks?: readonly number[]
  /** Why differences say something else than the gradient: `'straight through'`. */
  readonly noDifferences?: string
  /** Parameters that get no gradient, or one of nothing but zeros, each with the reason. */
  readonly idle?: Readonly<Record<string, string>>
  readonly torch?: TorchLayerAnswers
}

const modes = ['train', 'eval'] as const

/**
 * Checks a layer: it gives the same numbers and gradients eagerly, under jit, and on each backend; its gradients agree with differences
 * in float64, by inputs and parameters; every parameter gets one; a state dict carries all of it over; `eval()` repeats itself; two passes add
 * up; errors name the layer's path; and, where given, PyTorch agrees. Call it in a test file of vitest.
 *
 * ```ts
 * describeLayer('Linear', { make: (dtype) => new Linear(3, 4, { dtype }), inputs: [randn([2, 3])], refuses: [[zeros([2, 4])]] })
 * ```
 */
export function describeLayer(name: string, options: DescribeLayerOptions): void {
  const { make, inputs, refuses = [], backends = [], kinks = [], noDifferences, idle = {}, torch } = options
  describe(`layer ${name}`, () => {
    const reference = cpu()
    const made = new Map([['cpu', reference]])
    let inputsIn: (float: LayerFloat) => readonly unknown[]
    let state: (float: LayerFloat) => Record<string, Tensor>

    beforeAll(async () => {
      for (const backend of backends) made.set(backend.name, await backend.make())
      await useBackend(reference)
      inputsIn = (await store(inputs)) as typeof inputsIn
      state = (await store(moved(make('float32').stateDict()))) as typeof state
    })
    afterAll(async () => {
      await useBackend(reference)
      for (const backend of made.values()) if (backend !== reference) backend.dispose()
    })

    /** On the current backend, with the values that all layers of this suite have. */
    const fresh = (float: LayerFloat, mode: 'train' | 'eval' = 'train', values: Record<string, Tensor> = state(float)): Module => {
      const layer = inPrecision(make(float), float)
      layer.loadStateDict(values)
      return layer.train(mode === 'train')
    }

    const on = async <T>(name: string, fn: () => Promise<T>): Promise<T> => {
      realize() // what was still to compute may be in a precision that the next backend does not have
      await useBackend(made.get(name)!)
      try {
        return await fn()
      } finally {
        realize()
        await useBackend(reference)
      }
    }

    describe.each(modes)('in %s mode', (mode) => {
      test('gives the same under jit', async () => {
        const plain = await run(fresh('float32', mode), inputsIn('float32'))
        expect(differences(await run(fresh('float32', mode), inputsIn('float32'), true), plain, 1e-6)).toEqual([])
      })

      test.each(backends)('gives the same on $name', async ({ name: place }) => {
        const expected = await run(fresh('float32', mode), inputsIn('float32'))
        const actual = await on(place, () => run(fresh('float32', mode), inputsIn('float32')))
        expect(differences(actual, expected, layerTolerance)).toEqual([])
      })

      test.skipIf(noDifferences !== undefined)(
        `has gradients that agree with differences${noDifferences ? `: ${noDifferences}` : ''}`,
        async () => {
          const layer = fresh('float64', mode)
          const parameters = learned(layer).map(([, parameter]) => parameter)
          const args = inputsIn('float64')
          const call = (...values: Tensor[]): Tensor[] => {
            manualSeed(1)
            let next = 0
            const xs = mapTensors(args, () => values[next++]!) as unknown[]
            for (const parameter of parameters) {
              const value = values[next++]!
              if (value !== parameter) parameter.assign(value)
            }
            return tensorsOf(forward(layer, xs))
          }
          await gradientCheck(call, [...tensorsOf(args), ...parameters], { kinks })
        },
      )
    })

    test('gives every parameter a gradient', () => {
      const layer = fresh('float32')
      if (learned(layer).length === 0) return
      backward(total(forward(layer, inputsIn('float32'))))
      const without = learned(layer).filter(([, { grad }]) => grad === null || !grad.dataSync().some((value) => value !== 0))
      expect(without.map(([path]) => path).sort()).toEqual(Object.keys(idle).sort())
      for (const [path, parameter] of learned(layer))
        expect([path, parameter.grad?.shape ?? parameter.shape]).toEqual([path, parameter.shape])
    })

    test.each(modes)('in %s mode, gives what the layer gave that its state dict came from', async (mode) => {
      const source = fresh('float32', mode)
      const copy = inPrecision(make('float32'), 'float32').train(mode === 'train')
      const report = copy.loadStateDict(source.stateDict())
      expect(report).toEqual({ missingKeys: [], unexpectedKeys: [] })
      const expected = await run(source, inputsIn('float32'))
      expect(differences(await run(copy, inputsIn('float32')), expected, 0)).toEqual([])
    })

    test('prints itself', () => {
      const text = fresh('float32').toString()
      expect(text.startsWith(`${make('float32').constructor.name}(`)).toBe(true)
      expect(text).not.toMatch(/undefined|NaN|\[object|=>/)
    })

    test('repeats itself in eval(), where no buffer changes, and train() goes back', async () => {
      const layer = fresh('float32').eval()
      expect(layer.namedModules().filter(([, module]) => module.training)).toEqual([])
      const before = await buffers(layer)
      const once = await numbers(forward(layer, inputsIn('float32')))
      expect(await numbers(forward(layer, inputsIn('float32')))).toEqual(once)
      expect(await buffers(layer)).toEqual(before)
      layer.train()
      expect(layer.namedModules().filter(([, module]) => !module.training)).toEqual([])
    })

    test('may be gone through twice, and its gradients add up', async () => {
      const gradients = async (times: number): Promise<LayerNumbers> => {
        const layer = fresh('float64', 'eval')
        const passes = Array.from({ length: times }, () => total(forward(layer, inputsIn('float64'))))
        const sum = passes.reduce((a, b) => a.add(b))
        if (learned(layer).length > 0) backward(sum)
        const entries = learned(layer).map(async ([path, { grad }]) => [path, grad ? await grad.data() : []] as const)
        return { sum: await sum.data(), ...Object.fromEntries(await Promise.all(entries)) }
      }
      const once = Object.entries(await gradients(1)).map(([path, values]) => [path, Float64Array.from(values, (v) => 2 * v)])
      expect(differences(await gradients(2), Object.fromEntries(once), 1e-12)).toEqual([])
    })

    test.each(refuses.map((wrong) => [describeInputs(wrong), wrong] as const))('refuses %s, and says where', (_, wrong) => {
      const model = new Holder(fresh('float32'))
      expect(() => forward(model, wrong)).toThrow(/\binner\b/)
      try {
        forward(model, wrong)
      } catch (error) {
        expect(error instanceof TenonError || error instanceof RangeError, `a named error, not ${error}`).toBe(true)
      }
    })

    if (torch) {
      const places = [
        { place: 'cpu', float: 'float64' as const, rtol: 1e-6 },
        ...backends.map(({ name: place }) => ({ place, float: 'float32' as const, rtol: layerTolerance })),
      ]
      describe.each(places)('PyTorch agrees with $float on $place', ({ place, float, rtol }) => {
        test.each(modes.filter((mode) => torch[mode]))('in %s mode', async (mode) => {
          const found = await on(place, async () => {
            const layer = inPrecision(make(float), float)
            const own = layer.stateDict()
            expect(Object.keys(own)).toEqual(Object.keys(torch.state))
            const given = Object.entries(own).map(([key, { shape, dtype }]) => {
              return [key, tensor(Float64Array.from(torch.state[key]!), shape, { dtype })] as const
            })
            layer.loadStateDict(Object.fromEntries(given))
            return run(layer.train(mode === 'train'), inputsIn(float))
          })
          expect(differences(found, torch[mode]!, rtol)).toEqual([])
        })
      })
    }
  })
}

/** A model that the layer is a part of, under a name of its own. */
class Holder extends Module {
  readonly inner: Module

  constructor(inner: Module) {
    super()
    this.inner = inner
  }

  forward(...inputs: readonly unknown[]): unknown {
    return forward(this.inner, inputs)
  }
}

/** A state in which no number is 0 or 1 by design: those hide mistakes. Integers stay. */
const moved = (state: Record<string, Tensor>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(state).map(([key, x], k) => {
      if (!isFloat(x.dtype)) return [key, x]
      const by = incomingGradient(x.size, k).map((v) => 0.2 + 0.1 * v)
      return [key, x.add(tensor(by, x.shape, { dtype: x.dtype }))]
    }),
  )

/** A scalar that every float output has a say in. */
const total = (outputs: unknown): Tensor =>
  tensorsOf(outputs)
    .filter((y) => isFloat(y.dtype))
    .map((y, k) => y.mul(tensor(incomingGradient(y.size, k), y.shape, { dtype: y.dtype })).sum())
    .reduce((a, b) => a.add(b), zeros([]))

const numbers = (value: unknown): Promise<ArrayLike<number>[]> => Promise.all(tensorsOf(value).map((x) => x.data()))

const buffers = (layer: Module): Promise<(readonly [string, ArrayLike<number>])[]> =>
  Promise.all(layer.namedBuffers().map(async ([path, buffer]) => [path, await buffer.data()] as const))
