/** What `TENON_DEBUG` prints. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { gridOf, type Program, product, type Step } from '@tenon/kernel'
import type { Tensor } from '@tenon/tensor'
import { kernelCases } from '@tenon/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { backends } from './backends.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  vi.resetModules()
})

type Package = typeof import('@tenon/tensor')

const softmaxes = async ({ softmax, tensor }: Package): Promise<void> => {
  const x = tensor(
    Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
    [8, 8],
  )
  const run = (): Promise<unknown> => softmax(x.matmul(x), -1).sum().data()
  const first = await run()
  expect(await run()).toEqual(first)
}

/** What is printed, by default by two runs of a softmax and a matmul. The level is read when the package is loaded, so it is loaded anew. */
async function printed(level: string, make: (typeof backends)[number]['make'], compute = softmaxes): Promise<string[]> {
  vi.resetModules()
  vi.stubEnv('TENON_DEBUG', level)
  const lines: string[] = []
  vi.spyOn(console, 'error').mockImplementation((text: string) => lines.push(...text.split('\n')))
  const loaded = await import('@tenon/tensor')
  await loaded.useBackend(make())
  await compute(loaded)
  return lines
}

const count = (lines: readonly string[], pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length

describe.each(backends)('TENON_DEBUG on $name', ({ name, make }) => {
  const summary = new RegExp(
    `^\\[tenon\\] ${name}: \\d+ kernels, arena \\d+\\.\\d\\d MiB of at least \\d+\\.\\d\\d MiB, \\d+\\.\\d\\d ms; JavaScript since the run before \\d+\\.\\d\\d ms, \\d+\\.\\d %$`,
  )
  const row = /^ *([\d.]+) % +([\d.]+) ms +(\d+) +[\d.]+ +[\d.]+ +\d+ % {2}(\w+)/

  test('0 prints nothing', async () => {
    expect(await printed('0', make)).toEqual([])
  })

  test('1 prints a line for each run', async () => {
    const lines = await printed('1', make)
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatch(summary)
  })

  test('2 prints also a table of the kernels, the slowest first, with their sum', async () => {
    const lines = await printed('2', make)
    const [, kernels] = /: (\d+) kernels/.exec(lines.find((line) => summary.test(line))!)!
    expect(count(lines, summary)).toBe(2)
    const rows = lines.slice(lines.length / 2).flatMap((line) => {
      const [, share, ms, calls, what] = row.exec(line) ?? []
      return what ? [{ share: Number(share), ms: Number(ms), calls: Number(calls), what }] : []
    })
    expect(rows).toHaveLength(Number(kernels) + 1)
    expect(lines).toHaveLength(2 * (rows.length + 2))
    const all = rows.pop()!
    expect(all).toMatchObject({ share: 100, calls: Number(kernels), what: 'all' })
    expect(rows.map(({ ms }) => ms)).toEqual(rows.map(({ ms }) => ms).sort((a, b) => b - a))
    expect(rows.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(all.ms, 1)
  })

  test('2 counts the kernels of a loop as often as it goes round, and changes nothing of what is computed', async () => {
    const values: number[][] = []
    const compute = async ({ scan, tanh, tensor }: Package): Promise<void> => {
      const xs = tensor(
        Float32Array.from({ length: 70 * 9 }, (_, i) => Math.cos(i)),
        [70, 3, 3],
      )
      const { carry, ys } = scan((c: Tensor, x: Tensor) => ({ carry: tanh(c.matmul(x)), y: c }), xs.select(0, 1), xs)
      values.push([...(await carry.data()), ...(await ys.sum().data())])
    }
    await printed('0', make, compute)
    const lines = await printed('2', make, compute)
    expect(lines.map((line) => row.exec(line)).filter((found) => found?.[4] === 'contraction')[0]?.[3]).toBe('70')
    expect(values[1]).toEqual(values[0])
  })

  test('3 prints also the text of the program', async () => {
    const lines = await printed('3', make)
    expect(count(lines, row)).toBeGreaterThan(0)
    expect(count(lines, /^buffer 0: external float32\[64\]$/)).toBe(2)
    expect(count(lines, /r0 = max i1<8/)).toBe(2)
  })

  test('4 prints also the code, once for each program, or that there is none', async () => {
    const lines = await printed('4', make)
    expect(count(lines, /^buffer 0: external/)).toBe(2)
    if (name === 'cpu') {
      expect(count(lines, /^\[tenon\] cpu makes no code: it runs the text above as it stands$/)).toBe(1)
    } else {
      expect(count(lines, /^function \d+ \(i32, i32, i32, i32\): contraction \[8, 8\]/)).toBe(1)
      expect(count(lines, /^ +f32x4\.(mul|relaxed_madd)$/)).toBeGreaterThan(0)
    }
  })
})

describe('the listing of backend-wasm', () => {
  const backend = wasm()
  const listed = (program: Program): string[] => backend.listing!(program).split('\n')

  const hasPoints = (step: Step): boolean => (step.kind === 'run' ? product(gridOf(step.kernel)) > 0 : step.body.some(hasPoints))

  test.each(kernelCases)('names every instruction of: $name', ({ program }) => {
    if (program.buffers.some(({ dtype }) => dtype === 'float64')) return
    const lines = listed(program)
    const opened = count(lines, /^ +(loop|if)\b/)
    const functions = count(lines, /^function \d+ \(/)
    expect(functions > 0).toBe(program.steps.some(hasPoints))
    expect(functions > 0 || count(lines, /^no code: /) > 0).toBe(true)
    expect(count(lines, /^ *end$/)).toBe(opened + functions) // read to the last byte, and nothing misread
  })

  test('says what each instruction works on', () => {
    const chain = kernelCases.find(({ name }) => name === 'an elementwise chain with a program scalar')!
    const lines = listed(chain.program)
    expect(lines[0]).toMatch(/^function 0 \(/)
    expect(count(lines, /^ +local\.get \d+$/)).toBeGreaterThan(0)
    expect(count(lines, /^ +v128\.load( offset=\d+)?$/)).toBeGreaterThan(0)
    expect(count(lines, /^ +v128\.const( 0x[0-9a-f]+){4}$/)).toBeGreaterThan(0)
    expect(count(lines, /^ +i32\.const -?\d+$/)).toBeGreaterThan(0)
  })

  test('equal kernels are listed once, and a backend that makes no code has none', () => {
    const { program } = kernelCases[0]!
    expect(listed({ ...program, steps: [...program.steps, ...program.steps] })).toEqual(listed(program))
    expect(cpu().listing).toBeUndefined()
  })
})
