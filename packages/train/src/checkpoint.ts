/**
 * A checkpoint is one safetensors file: the variables of the model, of the optimizer and of the generator, and what is no
 * tensor as JSON in the metadata. A run that goes on from it takes the same steps, to the bit, as one that never stopped.
 */
import type { Module } from '@tenon/nn'
import type { GroupState, Optimizer, OptimizerOptions, Slots, Stateful } from '@tenon/optim'
import { decode, encode, SafetensorsError, type TensorEntry } from '@tenon/safetensors'
import { type Generator, realize, type Tensor, tensor, type Variable } from '@tenon/tensor'
import { CheckpointError } from './errors.ts'
import type { Position } from './fit.ts'

/** What has state in a training run. To classify with a checkpoint, the model alone will do. */
export interface CheckpointParts {
  readonly model: Module
  readonly optimizer?: Optimizer<OptimizerOptions, Slots>
  readonly schedule?: Stateful<object> | null
  /** As a rule `defaultGenerator()`: what dropout draws from. */
  readonly generator?: Generator
}

/** What survives JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What a checkpoint holds beside tensors. */
export interface CheckpointNotes<S extends Json = Json> {
  readonly position: Position
  /** Whatever the program needs to build the same run again: the name of the data, sizes, the seed of the order. */
  readonly settings: S
}

/** The JSON in the metadata. */
interface Header<S extends Json> extends CheckpointNotes<S> {
  readonly optimizer: readonly GroupState<OptimizerOptions>[] | null
  readonly schedule: object | null
  /** SHA-256 of each tensor's bytes: the format itself notices missing bytes, but no changed ones. */
  readonly checksums: Readonly<Record<string, string>>
}

const format = 'tenon-checkpoint'
const version = '1'

const checksum = async ({ data }: TensorEntry): Promise<string> => {
  const hash = await crypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Every variable of `parts` under its name in the file. */
const variablesOf = ({ model, optimizer, generator }: CheckpointParts): Map<string, Variable> =>
  new Map([
    ...Object.entries(model.stateDict()).map(([name, variable]) => [`model.${name}`, variable] as const),
    ...Object.entries(optimizer?.stateDict().state ?? {}).map(([name, variable]) => [`optimizer.${name}`, variable] as const),
    ...(generator ? [['generator.state', generator.state] as const] : []),
  ])

/** A run as the bytes of a safetensors file. */
export const encodeCheckpoint = async <S extends Json>(parts: CheckpointParts, notes: CheckpointNotes<S>): Promise<Uint8Array> => {
  const variables = variablesOf(parts)
  realize(...variables.values())
  const tensors: Record<string, TensorEntry> = {}
  const checksums: Record<string, string> = {}
  for (const [name, { dtype, shape, data }] of await Promise.all([...variables].map(read))) {
    tensors[name] = { dtype, shape, data }
    checksums[name] = await checksum(tensors[name])
  }
  const header: Header<S> = {
    position: notes.position,
    settings: notes.settings,
    optimizer: parts.optimizer?.stateDict().groups ?? null,
    schedule: parts.schedule?.stateDict() ?? null,
    checksums,
  }
  return encode(tensors, { format, version, checkpoint: JSON.stringify(header) })
}

const read = async ([name, variable]: [string, Variable]): Promise<[string, TensorEntry]> => {
  const { dtype, shape } = variable
  return [name, { dtype, shape, data: await variable.data() }]
}

/** A checkpoint that was read and found whole. Nothing of it is in a model yet. */
export class Checkpoint<S extends Json = Json> {
  /** What to call it in errors: its file, as a rule. */
  readonly source: string
  readonly position: Position
  readonly settings: S
  private readonly tensors: Readonly<Record<string, TensorEntry>>
  private readonly header: Header<S>

  constructor(source: string, tensors: Readonly<Record<string, TensorEntry>>, header: Header<S>) {
    this.source = source
    this.position = header.position
    this.settings = header.settings
    this.tensors = tensors
    this.header = header
  }

  /**
   * Puts the saved values into `parts`.
   *
   * @throws CheckpointError naming all that does not fit; then nothing was changed
   */
  restore(parts: CheckpointParts): void {
    const { optimizer, schedule, generator } = parts
    this.check(parts)
    const scheduleBefore = schedule?.stateDict()
    try {
      if (schedule) schedule.loadStateDict(this.header.schedule!)
      optimizer?.loadStateDict({ state: this.part('optimizer'), groups: this.header.optimizer! })
    } catch (error) {
      if (scheduleBefore) schedule?.loadStateDict(scheduleBefore)
      throw new CheckpointError(`${this.source} does not fit: ${(error as Error).message}`, { cause: error })
    }
    generator?.state.assign(this.part('generator')['state']!)
    parts.model.loadStateDict(this.part('model'))
  }

  private check(parts: CheckpointParts): void {
    const wanted = variablesOf(parts)
    const prefixes = ['model.', ...(parts.optimizer ? ['optimizer.'] : []), ...(parts.generator ? ['generator.'] : [])]
    const saved = new Map(Object.entries(this.tensors).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))))
    const problems = [
      ...[...wanted].flatMap(([name, variable]) => misfit(name, variable, saved.get(name))),
      ...[...wanted.keys()].filter((name) => !saved.has(name)).map((name) => `it has no ${name}`),
      ...[...saved.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} has no place to go`),
      ...(parts.optimizer && !this.header.optimizer ? ['it has no options of an optimizer'] : []),
      ...(parts.schedule && !this.header.schedule ? ['it has no state of a schedule'] : []),
    ]
    if (problems.length === 0) return
    const shown = [
      ...problems.slice(0, mostProblems),
      ...(problems.length > mostProblems ? [`and ${problems.length - mostProblems} more`] : []),
    ]
    throw new CheckpointError(
      `${this.source} does not fit this model and optimizer, and nothing was changed; build them as they were when it was saved:\n  ${shown.join('\n  ')}`,
    )
  }

  /** The tensors whose names begin with `prefix.`, without it. */
  private part(prefix: string): Record<string, Tensor> {
    const entries = Object.entries(this.tensors).filter(([name]) => name.startsWith(`${prefix}.`))
    return Object.fromEntries(
      entries.map(([name, { dtype, shape, data }]) => [name.slice(prefix.length + 1), tensor(data, shape, { dtype })]),
    )
  }
}

/** A screenful: a model of another kind has hundreds. */
const mostProblems = 20

const misfit = (name: string, { dtype, shape }: Variable, saved: TensorEntry | undefined): string[] => {
  if (!saved || (saved.dtype === dtype && String(saved.shape) === String(shape))) return []
  return [`${name} is ${saved.dtype} [${saved.shape.join(', ')}], and should be ${dtype} [${shape.join(', ')}]`]
}

/**
 * Reads a checkpoint and checks all of it.
 *
 * @param source what to call it in errors: its file, say
 * @throws CheckpointError if it is cut off, damaged, or something else
 */
export const decodeCheckpoint = async <S extends Json>(bytes: Uint8Array, source = 'the checkpoint'): Promise<Checkpoint<S>> => {
  const { tensors, metadata } = decodeSafetensors(bytes, source)
  if (metadata['format'] !== format) throw new CheckpointError(`${source} is a safetensors file, but no checkpoint of a training run`)
  if (metadata['version'] !== version) {
    throw new CheckpointError(`${source} is a checkpoint of version ${metadata['version']}, and version ${version} can be read`)
  }
  const header = parseHeader<S>(metadata['checkpoint'] ?? '', source)
  for (const [name, entry] of Object.entries(tensors)) {
    if (header.checksums[name] !== (await checksum(entry))) {
      throw new CheckpointError(`${source} is damaged: the bytes of ${name} are not those that were saved`)
    }
  }
  return new Checkpoint(source, tensors, header)
}

const decodeSafetensors = (bytes: Uint8Array, source: string): ReturnType<typeof decode> => {
  try {
    return decode(bytes, source)
  } catch (error) {
    if (error instanceof SafetensorsError) throw new CheckpointError(error.message, { cause: error })
    throw error
  }
}

const parseHeader = <S extends Json>(text: string, source: string): Header<S> => {
  try {
    const header = JSON.parse(text) as Header<S>
    const { epoch, step } = header.position
    if (isCount(epoch) && isCount(step) && typeof header.checksums === 'object') return header
  } catch {
    // Told below.
  }
  throw new CheckpointError(`${source} is damaged: its metadata does not say where the run stood`)
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
