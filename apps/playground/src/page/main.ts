/** The page: what its controls do, and what it shows of the run in the worker. */
import { TrainingWorker } from '@tenon/train'
import type { PlaygroundService, Report } from '../worker/protocol.ts'
import { allowChoice, markBackend, showBackends, titleOf } from './backends.ts'
import { Curves } from './curves.ts'
import { byId } from './elements.ts'
import { Reader } from './reader.ts'

const button = (id: string): HTMLButtonElement => byId(id, HTMLButtonElement)
const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement)
const text = (id: string): HTMLElement => byId(id, HTMLElement)

const settings = [input('images'), input('epochs'), input('batch-size')] as const
const file = input('file')
const progress = byId('progress', HTMLProgressElement)
const curves = new Curves(text('chart'))
const reader = new Reader((pixels) => worker?.request('classify', pixels) ?? Promise.resolve(null))

/** Null where it died; then the next run makes a new one. */
let worker: TrainingWorker<PlaygroundService> | null = null
/** The id of the chosen one; '' until they were looked for. */
let backend = ''
let state: 'starting' | 'idle' | 'running' | 'paused' = 'starting'
let run = { steps: 0, stepsPerEpoch: 1, reached: 0, accuracy: Number.NaN, stopped: false }

const count = (value: number): string => value.toLocaleString('en')
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

const say = (message: string, isError = false): void => {
  const status = text('status')
  status.textContent = message
  status.classList.toggle('error', isError)
}
const fail = (error: unknown): void => say((error as Error).message, true)

const become = (next: typeof state): void => {
  state = next
  const [idle, active] = [next === 'idle', next === 'running' || next === 'paused']
  button('train').disabled = !idle
  button('pause').disabled = button('stop').disabled = !active
  button('pause').textContent = next === 'paused' ? 'Resume' : 'Pause'
  button('sample').disabled = next === 'starting'
  // Checksums of a checkpoint need a page that came safely: from localhost, or by https.
  button('save').disabled = button('open').disabled = next === 'starting' || !isSecureContext
  for (const each of settings) each.disabled = !idle
  allowChoice(next !== 'starting')
}

const connect = (): TrainingWorker<PlaygroundService> =>
  new TrainingWorker<PlaygroundService>(new Worker(new URL('worker.js', import.meta.url), { type: 'module' }), {
    onReport: (report) => show[report.kind](report as never),
    onDeath: (error) => {
      worker = null
      fail(error)
      become('idle')
      reader.refresh()
    },
  })

/** The worker, with the model on the chosen backend. The first one looks for backends. */
const ready = async (): Promise<TrainingWorker<PlaygroundService>> => {
  if (worker) return worker
  const fresh = (worker = connect())
  if (!backend) {
    const states = await fresh.request('backends')
    backend = states.find(({ available }) => available)!.id
    showBackends(states, backend, (id) => void choose(id))
  }
  showNotes(await fresh.request('use', backend))
  return fresh
}

const showNotes = (notes: readonly string[]): void => {
  text('notes').textContent = notes.join('\n')
}

/** What was reported since the figures were last written: they are for eyes, and need not be written more than ten times a second. */
let latest: Extract<Report, { kind: 'step' }> | null = null
const showLatest = (): void => {
  if (!latest) return
  const { step, loss, rate } = latest
  latest = null
  text('loss').textContent = loss.toFixed(4)
  text('rate').textContent = Number.isFinite(rate) ? count(Math.round(rate)) : '–'
  const epochs = Math.ceil(run.steps / run.stepsPerEpoch)
  text('where').textContent = `epoch ${Math.ceil(step / run.stepsPerEpoch)} of ${epochs}, step ${count(step)} of ${count(run.steps)}`
  progress.value = step / run.steps
}

const show: { readonly [K in Report['kind']]: (report: Extract<Report, { kind: K }>) => void } = {
  data: ({ received, total }) => say(`Loading the digits: ${Math.round(received / 1e6)} of ${Math.round(total / 1e6)} MB`),
  begin: ({ steps, stepsPerEpoch, heldOut }) => {
    Object.assign(run, { steps, stepsPerEpoch })
    text('held-out').textContent = count(heldOut)
    curves.begin(steps)
    say(`Training on ${titleOf(backend)}`)
  },
  step: (report) => {
    if (!latest) setTimeout(showLatest, 100)
    latest = report
    run.reached = report.step
    curves.loss(report.step, report.loss)
  },
  evaluation: ({ step, accuracy }) => {
    run.accuracy = accuracy
    text('accuracy').textContent = percent(accuracy)
    curves.accuracy(step, accuracy)
    reader.refresh()
  },
}

const train = async (): Promise<void> => {
  become('running')
  for (const id of ['loss', 'accuracy', 'rate']) text(id).textContent = '–'
  text('where').textContent = ''
  progress.value = 0
  run = { steps: 0, stepsPerEpoch: 1, reached: 0, accuracy: Number.NaN, stopped: false }
  say('Loading the digits…')
  const [images, epochs, batchSize] = settings.map(({ valueAsNumber }) => valueAsNumber) as [number, number, number]
  try {
    await (await ready()).start({ images, epochs, batchSize })
    const steps = `${count(run.reached)} steps`
    const right = Number.isNaN(run.accuracy) ? '' : `: ${percent(run.accuracy)} of the test images right`
    say(run.stopped ? `Stopped after ${steps}${right}` : `Done, after ${steps}${right}. Draw a digit, and see.`)
  } catch (error) {
    fail(error)
  } finally {
    become('idle')
    reader.refresh()
  }
}

const choose = async (id: string): Promise<void> => {
  allowChoice(false)
  try {
    showNotes((await (await ready()).request('use', id)) ?? [])
    backend = id
    if (state === 'running' || state === 'paused') {
      curves.move(titleOf(id))
      say(`${state === 'paused' ? 'Paused' : 'Training'} on ${titleOf(id)}`)
    }
    reader.refresh()
  } catch (error) {
    markBackend(backend)
    fail(error)
  } finally {
    allowChoice(true)
  }
}

const save = async (): Promise<void> => {
  const bytes = await (await ready()).request('save')
  if (!bytes) {
    say('There are no weights yet: train a network first.')
    return
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]))
  link.download = 'checkpoint.safetensors'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

const open = async (chosen: File): Promise<void> => {
  await (await ready()).request('load', new Uint8Array(await chosen.arrayBuffer()), chosen.name)
  say(`The network has the weights of ${chosen.name}. Draw a digit; Train goes on from there.`)
  reader.refresh()
}

const guarded = (action: () => Promise<void>) => (): void => void action().catch(fail)

byId('settings', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void train()
})
button('pause').addEventListener('click', () => {
  const pausing = state === 'running'
  if (pausing) worker?.pause()
  else worker?.resume()
  become(pausing ? 'paused' : 'running')
  say(`${pausing ? 'Paused' : 'Training'} on ${titleOf(backend)}`)
})
button('stop').addEventListener('click', () => {
  run.stopped = true
  worker?.stop()
})
button('sample').addEventListener(
  'click',
  guarded(async () => reader.put((await (await ready()).request('sample')).pixels)),
)
button('save').addEventListener('click', guarded(save))
button('open').addEventListener('click', () => file.click())
file.addEventListener(
  'change',
  guarded(async () => {
    const [chosen] = file.files ?? []
    if (chosen) await open(chosen)
    file.value = ''
  }),
)

become('starting')
ready().then(() => {
  become('idle')
  say('Ready. Train a network, then draw a digit.')
}, fail)
