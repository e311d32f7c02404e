/** `pnpm bench [workload…]` and `pnpm bench:compare BEFORE AFTER`. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { encode } from '@tenon/safetensors'
import { Command, InvalidArgumentError } from 'commander'
import type { Contender } from './contender.ts'
import { gpujsBenchmarks } from './gpujs-contenders.ts'
import { gpujsSteps } from './gpujs-steps.ts'
import { openPage } from './gpujs-webgl2/chromium.ts'
import type { HandMode } from './hand-kernels.ts'
import type { Inputs } from './inputs.ts'
import { measure, type Row } from './measure.ts'
import { peerArguments, servePeer, serveRounds } from './peer.ts'
import { formatComparison, formatOverview, formatRows, type Report } from './report.ts'
import { findTorch, peersFolder, reasonAgainst, systems } from './systems.ts'
import { serveTenon } from './tenon/index.ts'
import { workloadNames, workloadOf } from './workloads.ts'

/** What runs in a process of its own. */
const serve = async ([program, ...args]: readonly string[]): Promise<void> => {
  if (program === 'tenon') return serveTenon(args[0]!, args[1]!, Number(args[2]))
  if (program === 'gpujs-webgl2') return serveRounds(await openPage(args[0]!))
  if (program === 'gpujs-mlp-train/brain') return void (await import('./gpujs-mlp-train/brain.ts'))
  if (program === 'gpujs-mlp-train/js-pytorch') return void (await import('./gpujs-mlp-train/js-pytorch.ts'))
  return servePeer({ step: await gpujsSteps[program!]!(args[0] as HandMode) })
}

interface Options {
  readonly peers: readonly string[]
  readonly threads: readonly number[]
  readonly rounds: number
  readonly json?: string
}

const whole = (text: string): number => {
  const value = Number(text)
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError('It is a whole number above 0.')
  return value
}
const listOf =
  <T>(read: (text: string) => T) =>
  (text: string): T[] =>
    text.split(',').map(read)
const systemName = (text: string): string => {
  if (!(text in systems)) throw new InvalidArgumentError(`There are: ${Object.keys(systems).join(', ')}.`)
  return text
}

/** Those of the chosen systems that can run here; what is missing is fetched or told. */
const present = (names: readonly string[]): readonly string[] => {
  const needed = new Set(names.map((name) => systems[name]!.needs))
  if (needed.has('peers') && !existsSync(join(peersFolder, 'node_modules'))) {
    console.error('installing the peers into benchmarks/peers/node_modules …')
    // Without their scripts: onnxruntime-node's would fetch what only a GPU needs.
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: peersFolder,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) throw new Error('the peers were not installed; --peers with names of Tenon alone needs none')
  }
  if (!needed.has('torch') || findTorch()) return names
  console.error('PyTorch is left out: no Python has it (on Debian: apt-get install python3-torch; or set PYTHON)')
  return names.filter((name) => systems[name]!.needs !== 'torch')
}

const safetensorsOf = (inputs: Inputs): Uint8Array =>
  encode(
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        { dtype: data instanceof Int32Array ? 'int32' : 'float32', shape, data },
      ]),
    ),
  )

const contendersOf = (workload: string, inputs: string, { peers, threads }: Options): readonly Contender[] =>
  peers.flatMap((system) => {
    const { maxThreads = 1, start, own } = systems[system]!
    const reason = reasonAgainst(system, workload)
    if (reason !== undefined) console.log(`- ${system} is left out: ${reason}`)
    const counts = reason === undefined ? threads.filter((count) => count <= maxThreads) : []
    return counts.map((count): Contender => {
      const ownLosses = own?.workloads.test(workload)
      return {
        system,
        threads: count,
        program: start(workload, count, inputs),
        reference: 'torch-tuned',
        ...(ownLosses && { ownLosses, note: own!.how }),
      }
    })
  })

const bench = async (workloads: readonly string[], options: Options): Promise<void> => {
  const names = workloads.length > 0 ? workloads : workloadNames
  const unknown = names.find((name) => !workloadOf(name) && !gpujsBenchmarks[name])
  if (unknown !== undefined) {
    throw new Error(
      `there is no workload '${unknown}'; there are: ${[...workloadNames, 'matmul-N', ...Object.keys(gpujsBenchmarks)].join(', ')}`,
    )
  }
  const able = options.peers.filter((system) => names.some((name) => workloadOf(name) && reasonAgainst(system, name) === undefined))
  const there = new Set(present(able))
  const chosen = { ...options, peers: options.peers.filter((system) => there.has(system) || !able.includes(system)) }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version }
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
  const folder = mkdtempSync(join(tmpdir(), 'tenon-bench-'))
  const rows: Row[] = []
  try {
    for (const name of names) {
      const workload = workloadOf(name)
      console.log(`\n## ${name}\n\n${workload?.what ?? gpujsBenchmarks[name]!.what}\n`)
      const inputs = join(folder, `${name}.safetensors`)
      if (workload) writeFileSync(inputs, safetensorsOf(workload.inputs()))
      const contenders = workload ? contendersOf(name, inputs, chosen) : gpujsBenchmarks[name]!.contenders
      try {
        const measured = await measure(name, contenders, options.rounds, (line) => console.error(line))
        console.log(formatRows(measured))
        rows.push(...measured)
      } catch (error) {
        console.error(`error: ${(error as Error).message}`) // the other workloads go on
        process.exitCode = 1
      }
      if (options.json !== undefined) {
        const report: Report = { date: new Date().toISOString(), ...machine, rows }
        writeFileSync(resolve(options.json), `${JSON.stringify(report, null, 2)}\n`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (names.length > 1) console.log(`\n## All\n\n${formatOverview(rows)}`)
  if (options.json !== undefined) console.log(`\nwritten to ${resolve(options.json)}`)
}

const readReport = (file: string): Report => {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report>
  if (!Array.isArray(report.rows)) throw new Error(`${file} is not a file of --json: it has no rows`)
  return report as Report
}

const program = new Command('bench')
  .description('Times Tenon and its peers on the same work, in turns, and checks that they get the same results.')
  .argument(
    '[workload...]',
    `${workloadNames.join(', ')}; matmul-N for any N; ${Object.keys(gpujsBenchmarks).join(', ')} (by default all but these last)`,
  )
  .option('--peers <names>', `whom to measure, with commas: ${Object.keys(systems).join(', ')}`, listOf(systemName), Object.keys(systems))
  .option('--threads <counts>', 'with so many threads, where a system has them', listOf(whole), [1, 2])
  .option('--rounds <n>', 'turns of each', whole, 5)
  .option('--json <file>', 'where to write the rows')
  .action(bench)
program
  .command('compare')
  .description('shows what has changed between two files of --json')
  .argument('<before>')
  .argument('<after>')
  .action((before: string, after: string) => console.log(formatComparison(readReport(before), readReport(after))))

const peer = peerArguments(process.argv)
if (peer) await serve(peer)
else {
  try {
    await program.parseAsync()
  } catch (error) {
    console.error(`error: ${(error as Error).message}`)
    process.exitCode = 1
  }
}
