/** Who is measured, on what, and how each is started. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ownPeer, type PeerProgram } from './peer.ts'

export interface System {
  /** It has no more threads than this. Default 1. */
  readonly maxThreads?: number
  readonly start: (workload: string, threads: number, inputs: string) => PeerProgram
  /** What it has no way to do, or is too slow for, and why. */
  readonly cannot: readonly (readonly [workloads: RegExp, why: string])[]
  /** Its mathematics differ on these, so its losses are its own and must only fall. */
  readonly own?: { readonly workloads: RegExp; readonly how: string }
  /** What must be there for it to run. */
  readonly needs?: 'peers' | 'torch'
}

export const peersFolder: string = fileURLToPath(new URL('../peers', import.meta.url))

/** A Python with PyTorch, if there is one. */
export const findTorch = (): string | undefined =>
  [process.env['PYTHON'], 'python3', '/usr/bin/python3'].find(
    (python) => python && spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  )
let python: string | undefined

/**
 * OpenBLAS, as Debian has it, does not know new processors and takes its slowest kernels; its own threads get in the way of PyTorch's;
 * and malloc gives large outputs back to the system at each step. With these settings PyTorch is up to nine times as fast.
 */
const tuned = (): Readonly<Record<string, string>> => {
  const avx512 = existsSync('/proc/cpuinfo') && readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f')
  return {
    OPENBLAS_CORETYPE: avx512 ? 'SkylakeX' : 'Haswell',
    ATEN_CPU_CAPABILITY: avx512 ? 'avx512' : 'avx2',
    LD_LIBRARY_PATH: '/usr/lib/x86_64-linux-gnu/openblas-openmp',
    MALLOC_MMAP_THRESHOLD_: '4294967296',
    MALLOC_TRIM_THRESHOLD_: '8589934592',
    MALLOC_TOP_PAD_: '268435456',
  }
}

const many = Number.POSITIVE_INFINITY

const torch = (env: () => Readonly<Record<string, string>>): System => ({
  maxThreads: many,
  start: (workload, threads, inputs) => {
    python ??= findTorch()!
    return { command: python, args: [`${peersFolder}/pytorch.py`, workload, String(threads), inputs], env: env() }
  },
  cannot: [],
  needs: 'torch',
})

const tenon = (backend: string, rest: Pick<System, 'maxThreads' | 'cannot'>): System => ({
  ...rest,
  start: (workload, threads) => ownPeer('tenon', workload, backend, String(threads)),
})

/** Relaxed SIMD is behind a flag before Node 22. */
const relaxed = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-wasm-relaxed-simd'] : []

const javascript = (
  file: string,
  { flags = [], mode = [], ...rest }: { flags?: readonly string[]; mode?: readonly string[] } & Omit<System, 'start' | 'needs'>,
): System => ({
  ...rest,
  start: (workload, threads, inputs) => ({
    command: process.execPath,
    args: [...flags, `${peersFolder}/${file}`, workload, String(threads), inputs, ...mode],
  }),
  needs: 'peers',
})

const tooSlow = 'it takes minutes'
const infersOnly: System['cannot'][number] = [/-train$/, 'it has no gradients']

export const systems: Readonly<Record<string, System>> = {
  'torch-tuned': torch(tuned),
  torch: torch(() => ({})),
  'tenon-wasm': tenon('wasm', { maxThreads: many, cannot: [] }),
  'tenon-cpu': tenon('cpu', { cannot: [[/gpt-big-train|matmul-2048/, tooSlow]] }),
  'tenon-gpujs': tenon('gpujs', { cannot: [[/gpt-big-train|matmul-2048/, tooSlow]] }),
  'tfjs-wasm': javascript('tfjs.mjs', {
    mode: ['wasm'],
    maxThreads: many,
    cannot: [
      [/cnn-train/, 'it has no gradient of a filter there'],
      [/gpt-big-train/, 'it aborts'],
    ],
  }),
  'tfjs-cpu': javascript('tfjs.mjs', { mode: ['cpu'], cannot: [[/gpt-big-train|matmul-2048/, tooSlow]] }),
  'jax-js': javascript('jax.mjs', {
    flags: relaxed,
    maxThreads: many,
    cannot: [[/gpt-big-train/, 'its memory would pass 4 GiB']],
  }),
  'ort-web': javascript('ort.mjs', { mode: ['web'], maxThreads: many, cannot: [infersOnly] }),
  'ort-node': javascript('ort.mjs', { mode: ['node'], maxThreads: many, cannot: [infersOnly] }),
  convnetjs: javascript('convnetjs.mjs', { cannot: [[/^(?!cnn-)/, 'it has only layers of vectors and images']] }),
  brainjs: javascript('brainjs.mjs', {
    cannot: [[/^(?!lstm-train)/, 'it has only recurrent nets and those of fully connected layers']],
    own: { workloads: /lstm-train/, how: 'one character at a time, with its own cell and its own optimizer' },
  }),
  'js-pytorch': javascript('js-pytorch.mjs', {
    flags: ['--max-old-space-size=12000'],
    cannot: [[/^(?!gpt-train|matmul-(16|64|256|512)$|gelu|softmax|layernorm|sum)/, 'it has no such layers, or takes minutes']],
  }),
}

export const reasonAgainst = (system: string, workload: string): string | undefined =>
  systems[system]!.cannot.find(([workloads]) => workloads.test(workload))?.[1]
