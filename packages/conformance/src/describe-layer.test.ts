/** The layer suite finds what it looks for: layers with one mistake each fail the test that names it, and no other. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const modes = ['in train mode', 'in eval mode']
const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
}

async function failures(file: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tenon-broken-'))
  const outputFile = join(folder, 'report.json')
  const options = { root, config: false, include: [file], testTimeout: 60_000, watch: false, reporters: ['json'], outputFile }
  const script = `import { startVitest } from 'vitest/node'; await startVitest('test', [], ${JSON.stringify(options)})`
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root }).catch(() => {})
    const { testResults } = JSON.parse(await readFile(outputFile, 'utf8')) as Report
    const results = testResults.flatMap(({ assertionResults }) => assertionResults)
    expect(results.some(({ status }) => status === 'passed')).toBe(true)
    return results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Tests that each layer fails, and whether it fails no other. */
const expected: Readonly<Record<string, { readonly tests: readonly string[]; readonly alone?: false }>> = {
  StopsTheGradient: { tests: modes.map((mode) => `${mode} has gradients that agree with differences`) },
  CountsOutsideOfTheGraph: { tests: ['in train mode gives the same under jit'], alone: false },
  ChangesInEval: { tests: ['repeats itself in eval(), where no buffer changes, and train() goes back'], alone: false },
  HidesState: { tests: modes.map((mode) => `${mode}, gives what the layer gave that its state dict came from`), alone: false },
  HasAnIdleParameter: { tests: ['gives every parameter a gradient'] },
  TakesAnything: { tests: ['refuses float32 [2, 4], and says where'] },
  PrintsNonsense: { tests: ['prints itself'] },
  AnsweredOtherwise: { tests: ["PyTorch agrees with 'float64' on 'cpu' in eval mode"] },
}

test('each mistake fails the test that names it', { timeout: 60_000 }, async () => {
  const failed = await failures('packages/conformance/src/broken-layers.ts')
  for (const [name, { tests, alone = true }] of Object.entries(expected)) {
    const found = failed.flatMap((full) => (full.startsWith(`layer ${name} `) ? [full.slice(`layer ${name} `.length)] : []))
    expect([name, found]).toEqual([name, alone ? tests : expect.arrayContaining([...tests])])
  }
})
