/** The conformance suite of a backend. */
import { cpu } from '@tenon/backend-cpu'
import { type Backend, isFloat, type TypedArray } from '@tenon/kernel'
import { useBackend } from '@tenon/tensor'
import { allSamples, type Samples } from '@tenon/tensor/samples'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { difference } from './close.ts'
import { type KernelCase, kernelCases } from './kernel-cases.ts'
import { layoutsOf, runCase } from './sample-inputs.ts'

/** Relative error that float32 results may have between backends, which sum in other orders and have their own exp. */
export const backendTolerance = 1e-5

/** Options of `describeBackend`. */
export interface DescribeBackendOptions {
  /** Names of samples that the backend does not run, each with the reason: `{ erf: 'no error function in GLSL' }`. */
  readonly skip?: Readonly<Record<string, string>>
}

const reference = cpu()

interface Output {
  readonly label: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly data: TypedArray
}

/**
 * Runs every op's samples, and programs that use each kind of kernel, on a backend and on backend-cpu, and compares: floats
 * to 1e-5 (atol 1e-5 · max |y|), integers and bools exactly. Call it in a test file of vitest.
 *
 * @param factory makes the backend; it is disposed of after the suite
 */
export function describeBackend(name: string, factory: () => Backend | Promise<Backend>, { skip = {} }: DescribeBackendOptions = {}): void {
  describe(`backend ${name}`, () => {
    let backend: Backend

    beforeAll(async () => {
      backend = await factory()
    })
    afterAll(async () => {
      await useBackend(reference)
      backend.dispose()
    })

    test('every skip names a sample', () => {
      const names = new Set(allSamples.map((s) => s.name))
      expect(Object.keys(skip).filter((key) => !names.has(key))).toEqual([])
    })

    describe('kernels', () => {
      for (const kernelCase of kernelCases) {
        test(kernelCase.name, async () => {
          const [expected, actual] = [await runProgram(reference, kernelCase), await runProgram(backend, kernelCase)]
          const wrong = expected.map((e, i) =>
            difference(actual[i]!, e, { rtol: e instanceof Float32Array ? (kernelCase.rtol ?? backendTolerance) : 0 }),
          )
          expect(wrong.filter((w) => w !== null)).toEqual([])
        })
      }
    })

    describe('samples', () => {
      for (const samples of allSamples) {
        const reason = skip[samples.name]
        if (reason !== undefined) test.skip(`${samples.name}: ${reason}`, () => {})
        else {
          test(samples.name, async () => {
            const expected = await runSamples(samples, reference)
            const actual = await runSamples(samples, backend)
            expect(shortened(expected.flatMap((e, i) => compare(samples, actual[i]!, e)))).toEqual([])
          })
        }
      }
    })
  })
}

async function runProgram(backend: Backend, { program, buffers, scalars }: KernelCase): Promise<TypedArray[]> {
  const external = program.buffers.filter((b) => b.role === 'external')
  const handles = external.map((b) => backend.allocate(b.dtype, b.length))
  handles.forEach((handle, i) => backend.write(handle, buffers[i]!))
  backend.execute(backend.compile(program), handles, scalars)
  const results = await Promise.all(handles.map((handle) => backend.read(handle)))
  for (const handle of handles) backend.free(handle)
  return results
}

/** Every case in every layout. An error of one is its result, so that the others are still compared. */
async function runSamples(samples: Samples, backend: Backend): Promise<(Output | string)[]> {
  await useBackend(backend)
  const results: (Output | string)[] = []
  for (const index of samples.cases.keys()) {
    for (const layout of layoutsOf(samples, index)) {
      try {
        const { label, outputs } = runCase(samples, index, { layout })
        for (const y of outputs) results.push({ label, shape: y.shape, dtype: y.dtype, data: await y.data() })
      } catch (error) {
        results.push(`case ${index}, ${layout}: ${error}`)
      }
    }
  }
  return results
}

function compare(samples: Samples, actual: Output | string | undefined, expected: Output | string): string[] {
  if (typeof expected === 'string') return [`on the reference, ${expected}`]
  if (actual === undefined || typeof actual === 'string') return [actual ?? `${expected.label}: no result`]
  const kind = (o: Output): string => `${o.dtype} [${o.shape.join(', ')}]`
  if (kind(actual) !== kind(expected)) return [`${expected.label}: ${kind(actual)} where ${kind(expected)} was expected`]
  const rtol = isFloat(expected.dtype as 'float32') ? (samples.rtol ?? backendTolerance) : 0
  const wrong = difference(actual.data, expected.data, { rtol })
  return wrong ? [`${expected.label}: ${wrong}`] : []
}

/** Of a long list of problems, the first. */
const shortened = (problems: readonly string[]): readonly string[] =>
  problems.length <= 8 ? problems : [...problems.slice(0, 7), `… and ${problems.length - 7} more`]
