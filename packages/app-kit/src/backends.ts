/** What may compute, by name. */
import { cpu } from '@tenon/backend-cpu'
import { type GpujsMode, gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import { type Backend, type BackendFactory, createBackend, currentBackend, registerBackend, TenonError, useBackend } from '@tenon/tensor'
import { columns, withCommas } from './wording.ts'

/** `gpujs` alone takes the first mode that runs. */
export type BackendName = 'cpu' | 'wasm' | 'gpujs' | `gpujs:${Exclude<GpujsMode, 'auto'>}`

const inMode = (mode: GpujsMode) => () => gpujs({ mode })

const factories: Readonly<Record<BackendName, BackendFactory>> = {
  cpu,
  wasm,
  gpujs: inMode('auto'),
  'gpujs:webgl2': inMode('webgl2'),
  'gpujs:webgl': inMode('webgl'),
  'gpujs:headlessgl': inMode('headlessgl'),
  'gpujs:webasm': inMode('webasm'),
  'gpujs:cpu': inMode('cpu'),
}

export const backendNames = Object.keys(factories) as readonly BackendName[]

const registerAll = (): void => {
  for (const name of backendNames) registerBackend(name, factories[name])
}

/** @throws BackendError where the backend does not run here, with the reason */
export const chooseBackend = async (name: BackendName): Promise<void> => {
  registerAll()
  await useBackend(createBackend(name))
}

/** What really runs. */
export const describeBackend = (): string => {
  const { backend, details } = currentBackend().report()
  const facts = ['mode', 'simd', 'threads'].filter((name) => name in details).map((name) => `${name} ${details[name]}`)
  return `${backend}: ${facts.join(', ')}`
}

/** What it runs elsewhere than asked, with the reasons. */
export const backendNotes = (): readonly string[] => currentBackend().report().notes

/** For commands whose output is their result. */
export const printNotes = (err: NodeJS.WriteStream): void => backendNotes().forEach((note) => err.write(`${note}\n`))

/** Every backend by name: what it can do here, or why it does not run. */
export const listBackends = async (): Promise<string> => {
  registerAll()
  const rows = [['name', 'mode', 'SIMD', 'threads', 'elements in a buffer', 'dtypes']]
  const notes: string[][] = []
  const refused: string[][] = []
  for (const name of backendNames) {
    let backend: Backend
    try {
      backend = await createBackend(name)
    } catch (error) {
      if (!(error instanceof TenonError)) throw error
      refused.push([name, error.message])
      continue
    }
    const { threads, maxLength, dtypes } = backend.capabilities
    const { details, notes: own } = backend.report()
    const [mode, simd] = [details['mode'] ?? '–', details['simd'] ?? '–'].map(String) as [string, string]
    rows.push([name, mode, simd, String(details['threads'] ?? threads), `at most ${withCommas(maxLength)}`, dtypes.join(', ')])
    notes.push(...own.map((note) => [name, note]))
    backend.dispose()
  }
  return Object.entries({ 'These run here:': rows, 'Not quite as asked:': notes, 'These do not run here:': refused })
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${columns(lines).replaceAll(/^(?=.)/gm, '  ')}`)
    .join('\n')
}
