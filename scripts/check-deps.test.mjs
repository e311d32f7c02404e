import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { checkDependencies } from './check-deps.mjs'
import { root } from './run.mjs'

let folder
afterEach(() => folder && rmSync(folder, { recursive: true }))

/** What the check says of a workspace with these files; package.json files are given as objects. */
function problemsOf(files) {
  folder = mkdtempSync(join(tmpdir(), 'tenon-check-deps-'))
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  }
  return checkDependencies(folder)
}

const tensor = { 'packages/tensor/package.json': { name: '@tenon/tensor', dependencies: { '@tenon/kernel': '*' } } }
const kernel = { 'packages/kernel/package.json': { name: '@tenon/kernel' } }
const nn = { 'packages/nn/package.json': { name: '@tenon/nn', peerDependencies: { '@tenon/tensor': '*' } } }

test('this repository keeps its own rules', () => {
  expect(checkDependencies(root)).toEqual([])
})

test('a package that imports what it does not list is named, with the import and the manifest', () => {
  const source = "import { x } from '@tenon/tensor'\nimport type { Expr } from '@tenon/kernel'\nexport { x, type Expr }"
  expect(problemsOf({ ...kernel, ...tensor, ...nn, 'packages/nn/src/linear.ts': source })).toEqual([
    "packages/nn/src/linear.ts imports '@tenon/kernel': packages/nn/package.json does not list @tenon/kernel",
  ])
})

test('an arrow that points up or skips the waist is refused in the manifest', () => {
  const up = { name: '@tenon/nn', peerDependencies: { '@tenon/tensor': '*', '@tenon/kernel': '*' } }
  expect(problemsOf({ ...kernel, ...tensor, 'packages/nn/package.json': up })).toEqual([
    'packages/nn/package.json lists @tenon/kernel: arrows point down only, and @tenon/nn may need tensor',
  ])
})

test("a package's tests may need what is far below, and what the root installs for all tests", () => {
  const manifest = {
    name: '@tenon/nn',
    peerDependencies: { '@tenon/tensor': '*' },
    devDependencies: { '@tenon/kernel': '*' },
  }
  const source = "import 'vitest'\nimport '@tenon/kernel'\nimport 'node:fs'"
  const workspace = {
    'package.json': { devDependencies: { vitest: '*' } },
    ...kernel,
    ...tensor,
    'packages/nn/package.json': manifest,
  }
  expect(problemsOf({ ...workspace, 'packages/nn/src/linear.test.ts': source })).toEqual([])
  expect(problemsOf({ ...workspace, 'packages/nn/src/linear.ts': source })).toHaveLength(3)
})

test('a layer package or a backend may be tested with the suites, and what these stand on may not', () => {
  const testing = { name: '@tenon/testing', peerDependencies: { '@tenon/nn': '*' } }
  const workspace = { ...kernel, ...tensor, ...nn, 'packages/testing/package.json': testing }
  const devDependencies = { '@tenon/testing': '*' }
  const [layer, backend] = ['nn-rnn', 'backend-wasm'].map((name) => ({ name: `@tenon/${name}`, devDependencies }))
  expect(problemsOf({ ...workspace, 'packages/nn-rnn/package.json': layer, 'packages/backend-wasm/package.json': backend })).toEqual([])
  const below = problemsOf({ ...workspace, 'packages/nn/package.json': { ...nn['packages/nn/package.json'], devDependencies } })
  expect(below[0]).toBe(
    'packages/nn/package.json lists @tenon/testing for its tests: arrows point down only, and @tenon/nn may need tensor, kernel, backend-cpu',
  )
})

test('a cycle is found, devDependencies included', () => {
  const back = { name: '@tenon/kernel', devDependencies: { '@tenon/tensor': '*' } }
  expect(problemsOf({ ...tensor, 'packages/kernel/package.json': back })).toContain(
    'the packages @tenon/kernel → @tenon/tensor → @tenon/kernel need each other: no cycles, devDependencies included',
  )
})

test('Node-only code stays behind /node', () => {
  const files = {
    'packages/kernel/package.json': { name: '@tenon/kernel' },
    'packages/kernel/src/node/index.ts': "export * from 'node:fs'",
    'packages/kernel/src/index.ts': "export * from './node/index.ts'\nconst fs = await import('fs')",
  }
  expect(problemsOf(files)).toEqual([
    "packages/kernel/src/index.ts imports './node/index.ts': what is in src/node/ is for Node only, and everything else runs in a browser too",
    "packages/kernel/src/index.ts imports 'fs': Node-only code lives in src/node/, behind the entry ./node",
  ])
})

test('a relative import does not leave its package', () => {
  expect(problemsOf({ ...kernel, ...tensor, 'packages/tensor/src/a.ts': "export * from '../../kernel/src/expr.ts'" })).toEqual([
    "packages/tensor/src/a.ts imports '../../kernel/src/expr.ts': a relative import stays inside @tenon/tensor",
  ])
})

test('code made from text is refused, in packages that do not say so in their name', () => {
  const source = "export const f = new Function('return 1')"
  expect(problemsOf({ ...kernel, 'packages/kernel/src/f.ts': source })).toEqual([
    'packages/kernel/src/f.ts uses Function: no code is made from text on the default path',
  ])
  const gpujs = { 'packages/backend-gpujs/package.json': { name: '@tenon/backend-gpujs' } }
  expect(problemsOf({ ...gpujs, 'packages/backend-gpujs/src/f.ts': source })).toEqual([])
})
