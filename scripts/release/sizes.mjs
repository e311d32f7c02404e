// Only what you need: how much is installed and bundled for four programs, each held to its budget.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { emptyProject } from './project.mjs'
import { align } from './table.mjs'

const training = ['tensor', 'autograd', 'nn', 'optim']
const train = `
import { tensor } from '@tenon/tensor'
import { backward } from '@tenon/autograd'
import { Linear, mseLoss } from '@tenon/nn'
import { SGD } from '@tenon/optim'

const model = new Linear(1, 1)
const optimizer = new SGD(model.namedParameters(), { lr: 0.1 })
const loss = mseLoss(model.forward(tensor([[2]])), tensor([[5]]))
backward(loss)
optimizer.step()
console.log(await loss.item())
`
const useWasm = `
import { wasm } from '@tenon/backend-wasm'
import { useBackend } from '@tenon/tensor'
await useBackend(wasm({ threads: 2 }))
`

/** For development, not for what runs: they bring vitest, or are run by npm alone. */
const tools = /^@tenon\/(testing|create-.*)$/
/** Brought by the app: 155 kB of another's code, which backend-gpujs loads when it is asked for, and a tokenizer. */
const external = ['gpu.js', '@huggingface/tokenizers']

/**
 * Budgets in kB of 1000 bytes, what was measured and at most 3 %; `modules` are those with code in the bundle. The second aims at 45 kB and is at
 * 46.7, of which 2.3 are what `TENON_DEBUG` prints: runs are synchronous, so it cannot be loaded when it is asked for. The third aims at 75 kB and is
 * at 87: all of backend-wasm makes kernels that depend on shapes, of which a bundler knows nothing, and 6.7 kB of it are backend-cpu, on which
 * tensors compute before `useBackend`.
 */
const cases = [
  {
    name: 'tensor alone',
    packages: ['tensor'],
    code: "import { tensor } from '@tenon/tensor'\nconsole.log(await tensor([1, 2]).add(1).toArray())",
    budget: { installed: 635, modules: 56, gzip: 35.5 },
  },
  { name: 'a Linear and SGD on backend-cpu', packages: training, code: train, budget: { installed: 1015, modules: 97, gzip: 47 } },
  {
    name: 'the same on backend-wasm',
    packages: [...training, 'backend-wasm'],
    code: useWasm + train,
    budget: { installed: 1350, modules: 151, gzip: 88.5 },
  },
  { name: 'everything, without gpu.js', packages: null, code: null, budget: { installed: 2755, modules: 334, gzip: 174.8 } },
]

/** Layers, optimizers and functions that the second program does not use: none of their modules may be in its bundle. */
const unused =
  /\/dist\/(conv|conv-transpose|batch-norm|embedding|dropout|sequential|upsample|adam|lion|schedules|jvp|samples\/.*|ops\/(softmax|gelu|einsum|sort))\.js$/

export async function sizes(registry, folder) {
  const measured = await Promise.all(cases.map((each) => measure(each, registry, folder)))
  return {
    lines: align([['', 'installed', 'packages', 'modules', 'bundle', 'gzip'], ...measured.map(({ row }) => row)]),
    problems: measured.flatMap(({ problems }) => problems),
    summary: `${cases.length} programs within their budgets`,
  }
}

async function measure({ name, packages, code, budget }, registry, folder) {
  const names = packages?.map((short) => `@tenon/${short}`) ?? registry.names().filter((full) => !tools.test(full))
  const project = emptyProject(registry, join(folder, name.replaceAll(' ', '-')))
  // Peers are named here; npm would bring gpu.js, with the 84 MB of a WebGPU that it never loads.
  await project.install('--legacy-peer-deps', '--ignore-scripts', ...names)
  const { modules, bytes } = await bundle(code ?? useAll(names), project.folder)
  const found = {
    installed: sizeOf(join(project.folder, 'node_modules')) / 1000,
    modules: modules.length,
    gzip: gzipSync(bytes).length / 1000,
  }
  const row = [
    name,
    of(found.installed, budget.installed, 0, ' kB'),
    String(packageCount(project.folder)),
    of(found.modules, budget.modules, 0, ''),
    `${(bytes.length / 1000).toFixed(1)} kB`,
    of(found.gzip, budget.gzip, 1, ' kB'),
  ]
  const over = Object.keys(budget).filter((what) => found[what] > budget[what])
  const useless = code?.endsWith(train) ? modules.filter((file) => unused.test(file)) : []
  const problems = [
    ...over.map((what) => `${name}: ${what} ${found[what].toFixed(1)} is over the budget of ${budget[what]}`),
    ...useless.map((file) => `${name}: ${file} is in the bundle, and unused`),
  ]
  return { row, problems }
}

const of = (found, most, digits, unit) => `${found.toFixed(digits)} of ${most}${unit}`

const useAll = (names) =>
  `${names.map((name, i) => `import * as all${i} from '${name}'`).join('\n')}\nconsole.log(${names.map((_, i) => `all${i}`)})`

/** The bundle that a user's bundler makes for a browser, and the modules with code in it. */
async function bundle(contents, resolveDir) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    external,
    logLevel: 'error',
  })
  const [{ inputs }] = Object.values(metafile.outputs)
  const modules = Object.keys(inputs).filter((file) => inputs[file].bytesInOutput > 0)
  return { modules, bytes: outputFiles[0].contents }
}

const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.package-lock.json')
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

const packageCount = (folder) =>
  Object.keys(JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages).length
