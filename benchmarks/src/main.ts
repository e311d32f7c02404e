/** `pnpm --filter benchmarks start [name…] [--rounds N] [--json FILE]` */
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cnnTrain, formatCnnTrain } from './cnn-train/index.ts'
import { gpujsKernels } from './gpujs-kernels/index.ts'
import { gpujsMlpTrain } from './gpujs-mlp-train/index.ts'
import { gpujsSteps } from './gpujs-steps.ts'
import { openPage } from './gpujs-webgl2/chromium.ts'
import { gpujsWebgl2 } from './gpujs-webgl2/index.ts'
import type { HandMode } from './hand-kernels.ts'
import type { PeerResult } from './measure.ts'
import { peerNameOf, servePeer, serveRounds } from './peer.ts'
import { formatByHand } from './table.ts'

interface Benchmark {
  readonly what: string
  readonly run: (rounds: number, say: (line: string) => void) => Promise<readonly PeerResult[]>
  /** It needs what a machine may lack. */
  readonly onlyByName?: boolean
  readonly format: (results: readonly PeerResult[]) => string
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  'cnn-train': {
    what: 'one training step of the small CNN, batch 64, SGD 0.01 momentum 0.5',
    run: cnnTrain,
    format: formatCnnTrain,
  },
  'gpujs-mlp-train': {
    what: 'one training step of 64 → 64 relu → 10, cross-entropy, batch 32, SGD 0.1',
    run: gpujsMlpTrain,
    format: formatByHand,
  },
  'gpujs-kernels': {
    what: 'a product of 256×256 matrices, and a training step of a 3×3 convolution, 8×8×14×14 to 16 features',
    run: gpujsKernels,
    format: formatByHand,
  },
  'gpujs-webgl2': {
    what: 'the same in Chromium, in WebGL 2',
    run: gpujsWebgl2,
    format: formatByHand,
    onlyByName: true,
  },
}

const fail = (message: string): never => {
  console.error(message)
  process.exit(2)
}

const readArguments = (): { names: string[]; rounds: number; json: string | undefined } => {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2).filter((arg) => arg !== '--'),
      options: { rounds: { type: 'string', default: '3' }, json: { type: 'string' } },
      allowPositionals: true,
    })
    return {
      names: positionals.length > 0 ? positionals : Object.keys(benchmarks).filter((name) => !benchmarks[name]!.onlyByName),
      rounds: Number(values.rounds),
      json: values.json,
    }
  } catch (error) {
    return fail((error as Error).message)
  }
}

/** What runs in a process of its own: this same program, told which. */
const peers: Readonly<Record<string, () => Promise<unknown>>> = {
  'cnn-train/tenon': () => import('./cnn-train/tenon.ts'),
  'cnn-train/tfjs': () => import('./cnn-train/tfjs.ts'),
  ...Object.fromEntries(
    Object.entries(gpujsSteps).map(([name, makeStep]) => [name, async () => servePeer(await makeStep(process.argv[4] as HandMode))]),
  ),
  'gpujs-mlp-train/brain': () => import('./gpujs-mlp-train/brain.ts'),
  'gpujs-mlp-train/js-pytorch': () => import('./gpujs-mlp-train/js-pytorch.ts'),
  'gpujs-webgl2': async () => serveRounds(await openPage(process.argv[4]!)),
}

const main = async (): Promise<void> => {
  const { names, rounds, json } = readArguments()
  if (!(Number.isInteger(rounds) && rounds > 0)) fail('--rounds must be a whole number above 0')
  const unknown = names.find((name) => !(name in benchmarks))
  if (unknown !== undefined) fail(`there is no benchmark '${unknown}'; there are: ${Object.keys(benchmarks).join(', ')}`)

  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version }
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
  const report: Record<string, readonly PeerResult[]> = {}
  for (const name of names) {
    const { what, run, format } = benchmarks[name]!
    console.log(`\n${name}: ${what}`)
    report[name] = await run(rounds, (line) => console.error(line))
    console.log(`\n${format(report[name])}`)
  }
  if (json !== undefined) {
    const file = resolve(json)
    writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), ...machine, benchmarks: report }, null, 2)}\n`)
    console.log(`\nwritten to ${file}`)
  }
}

const peer = peerNameOf(process.argv)
await (peer === null ? main() : peers[peer]!())
