/** What may compute here, and whether it does. */
import { cpu } from '@tenon/backend-cpu'
import { type GpujsMode, gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import type { Backend, BackendReport } from '@tenon/kernel'
import type { BackendState } from './protocol.ts'

interface Choice {
  readonly title: string
  readonly make: () => Backend | Promise<Backend>
}

const onGpujs = (mode: GpujsMode, title: string): Choice => ({ title: `gpu.js ${title}`, make: () => gpujs({ mode }) })

const choices: Readonly<Record<string, Choice>> = {
  wasm: { title: 'WebAssembly', make: wasm },
  cpu: { title: 'Plain JavaScript', make: cpu },
  'gpujs:webgl2': onGpujs('webgl2', 'WebGL 2'),
  'gpujs:webgl': onGpujs('webgl', 'WebGL'),
  'gpujs:webasm': onGpujs('webasm', 'WebAssembly'),
  'gpujs:cpu': onGpujs('cpu', 'JavaScript'),
}

export const makeBackend = async (id: string): Promise<Backend> => await choices[id]!.make()

/** Asked beforehand: gpu.js would write to the console that it was refused. */
const refusal = (id: string): string | null => {
  if (id !== 'gpujs:cpu') return null
  try {
    new Function('')
    return null
  } catch {
    return "it makes code from text, which this page's Content-Security-Policy forbids; the server allows it with --allow-eval"
  }
}

export const tryBackends = (): Promise<BackendState[]> =>
  Promise.all(
    Object.entries(choices).map(async ([id, { title, make }]) => {
      const refused = refusal(id)
      if (refused) return { id, title, text: refused, available: false }
      try {
        const backend = await make()
        const text = describe(backend.report())
        backend.dispose()
        return { id, title, text, available: true }
      } catch (error) {
        return { id, title, text: (error as Error).message, available: false }
      }
    }),
  )

/** 'simd 128 bits, relaxed, threads 1' */
const describe = ({ backend, details }: BackendReport): string => {
  const facts = ['mode', 'simd', 'threads'].filter((name) => name in details).map((name) => `${name} ${details[name]}`)
  return [backend, ...facts].join(', ')
}
