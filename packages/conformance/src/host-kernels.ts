/** Which ops gpu.js computes on the device and which on the host: asked of its listings, without running them there. */
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import type { Program } from '@tenon/kernel'
import { currentBackend, useBackend } from '@tenon/tensor'
import { allSamples, type Samples } from '@tenon/tensor/samples'
import { runCase } from '@tenon/testing'

export interface HostKernels {
  /** Why some of the kernels are on the host; empty where none is. */
  readonly reasons: readonly string[]
  readonly onDevice: boolean
}

const hostLine = /^\/\/ on the host: (.*)\n?/gm

/** By the names of samples. Which kernels a program has does not depend on the mode. */
export async function hostKernels(): Promise<ReadonlyMap<string, HostKernels>> {
  const before = currentBackend()
  const asked = await gpujs({ mode: 'cpu' })
  const programs: Program[] = []
  const computes = cpu()
  await useBackend({
    ...computes,
    capabilities: asked.capabilities,
    compile(program) {
      programs.push(program)
      return computes.compile(program)
    },
  })
  const found = new Map(
    allSamples.map((samples) => {
      programs.length = 0
      runAll(samples)
      const text = programs.map((program) => asked.listing!(program)).join('\n')
      const reasons = [...new Set([...text.matchAll(hostLine)].map((match) => match[1]!))]
      return [samples.name, { reasons, onDevice: text.replaceAll(hostLine, '').trim() !== '' }] as const
    }),
  )
  await useBackend(before)
  asked.dispose()
  return found
}

function runAll(samples: Samples): void {
  for (const index of samples.cases.keys()) for (const y of runCase(samples, index).outputs) y.dataSync()
}
