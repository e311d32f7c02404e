/** The training steps on gpu.js that run in any of its modes, in Node or in a page. */
import type { HandMode } from './hand-kernels.ts'
import type { PeerStep } from './round.ts'

/** One training step, which gives its loss. */
export type Step = PeerStep['step']

export type MakeStep = (mode: HandMode) => Step | Promise<Step>

export const gpujsSteps: Readonly<Record<string, MakeStep>> = {
  'gpujs-mlp-train/by-hand': async (mode) => (await import('./gpujs-mlp-train/by-hand.ts')).makeStep(mode),
  'gpujs-mlp-train/tenon': async (mode) => (await import('./gpujs-mlp-train/tenon.ts')).makeStep(mode),
  'gpujs-matmul/by-hand': async (mode) => (await import('./gpujs-kernels/by-hand.ts')).makeMatmul(mode),
  'gpujs-matmul/tenon': async (mode) => (await import('./gpujs-kernels/tenon.ts')).makeMatmul(mode),
  'gpujs-conv/by-hand': async (mode) => (await import('./gpujs-kernels/by-hand.ts')).makeConv(mode),
  'gpujs-conv/tenon': async (mode) => (await import('./gpujs-kernels/tenon.ts')).makeConv(mode),
}
