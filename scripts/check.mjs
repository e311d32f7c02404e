// `pnpm check`, and all that CI runs: every check, the tests last. A check that fails does not keep the others from running.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install } from './pnpm.mjs'
import { CommandError, main, phase, root, run } from './run.mjs'
import { turbo } from './turbo.mjs'

const tool = (name, ...args) => run(join(root, 'node_modules/.bin', name), args)
const script = (name) => run('node', [join(root, 'scripts', name)])

const checks = {
  'format and lint': () => tool('biome', 'ci', '--error-on-warnings', '--colors=off', '.'),
  types: () => tool('tsc', '--noEmit'),
  'dependency rules': () => script('check-deps.mjs'),
  'size of the core': () => script('check-lines.mjs'),
  'what users get': () => script('check-packages.mjs'),
  reference: () => script('reference.mjs'),
}

/** It prints what it measures. */
function releaseDry() {
  const { status } = spawnSync('node', [join(root, 'scripts/release-dry.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new CommandError('release:dry', '')
}

await main(() => {
  install()
  const failed = []
  const attempt = (name, body) => {
    try {
      body()
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      process.stderr.write(`failed\n${error.output}\n`)
      failed.push(name)
    }
  }

  attempt('build', () => turbo(['build', 'bundle']))
  for (const [name, check] of Object.entries(checks)) {
    attempt(name, () => {
      const done = phase(name)
      check()
      done()
    })
  }
  attempt('release:dry', releaseDry)
  const tests = runTests()
  if (!tests.success) failed.push('tests')

  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
  console.log(`${tests.passed} passed, ${tests.failed} failed`)
  process.exitCode = failed.length > 0 ? 1 : 0
})

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-tests-'))
  const file = join(folder, 'tests.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { status } = spawnSync('npm', ['test', '--', ...reporters], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (!existsSync(file)) return { success: false, passed: 0, failed: 1 }
    const results = JSON.parse(readFileSync(file, 'utf8'))
    // A file that cannot be loaded fails without a failed test in it.
    const broken = results.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
    )
    return { success: status === 0, passed: results.numPassedTests, failed: results.numFailedTests + broken.length }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
