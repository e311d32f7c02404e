/**
 * Turns "compile one kernel" into "compile a program": with this a simple backend is an allocator and a code generator.
 * It keeps the books of buffers, caches compiled kernels, places temporaries, and runs `Repeat`.
 */
import type { Backend, BackendReport, BufferHandle, Capabilities, Executable } from './backend.ts'
import { type DType, dtypes, type TypedArray } from './dtype.ts'
import { BackendError } from './errors.ts'
import type { BufferParam, Kernel } from './kernel.ts'
import { kernelKey } from './key.ts'
import type { Program } from './program.ts'
import { kernelsOf } from './program-of.ts'
import { type CompiledKernel, type CompiledStep, compileStep, type KernelCompiler } from './steps.ts'

/** `M` is how the backend holds the content of a buffer: a typed array, a texture, an address. */
export interface KernelBackendOptions<M> extends KernelCompiler<M> {
  readonly name: string
  readonly capabilities: Capabilities
  allocate(dtype: DType, length: number): M
  free(memory: M): void
  write(memory: M, data: TypedArray): void
  /** A copy of the content. */
  read(memory: M): Promise<TypedArray>
  readSync?(memory: M): TypedArray
  /** The code of a kernel, for people. */
  listing?(kernel: Kernel): string
  /** Memory for temporaries at the planned offsets. Without it each has memory of its own while the program runs. */
  arena?(bytes: number): Arena<M>
  details?(): BackendReport['details']
  notes?(): readonly string[]
  dispose?(): void
}

export interface Arena<M> {
  at(dtype: DType, offset: number, length: number): M
  free(): void
}

interface Handle<M> extends BufferParam {
  readonly memory: M
}

interface Compiled<M> {
  readonly program: Program
  readonly steps: readonly CompiledStep<M>[]
}

export function kernelBackend<M>(options: KernelBackendOptions<M>): Backend {
  const { name, capabilities } = options
  const live = new Set<Handle<M>>()
  const placement = placeBuffers(options)
  const compiler: KernelCompiler<M> = {
    compileKernel: cached(options),
    ...(options.view && { view: (memory: M, start: number, length: number) => options.view!(memory, start, length) }),
  }

  const handle = (buffer: BufferHandle): Handle<M> => {
    const h = buffer as Handle<M>
    if (!live.has(h)) throw new BackendError(`${name}: this buffer has been freed, or belongs to another backend`)
    return h
  }

  return {
    name,
    capabilities,
    allocate(dtype, length) {
      const { dtypes: known, maxLength } = capabilities
      if (!known.includes(dtype)) throw new BackendError(`${name}: no ${dtype} here, only ${known.join(', ')}`)
      if (length > maxLength)
        throw new BackendError(`${name}: ${length} elements are too many for a buffer, which holds at most ${maxLength}`)
      const h: Handle<M> = { dtype, length, memory: options.allocate(dtype, length) }
      live.add(h)
      return h
    },
    free(buffer) {
      const h = handle(buffer)
      live.delete(h)
      options.free(h.memory)
    },
    write(buffer, data) {
      const { dtype, length, memory } = handle(buffer)
      if (data.length !== length || data.BYTES_PER_ELEMENT !== dtypes[dtype].bytes) {
        const given = `${data.constructor.name} of ${data.length}`
        throw new BackendError(`${name}: cannot write ${given} to a buffer ${dtype}[${length}]`)
      }
      options.write(memory, data)
    },
    async read(buffer) {
      return options.read(handle(buffer).memory)
    },
    ...(options.readSync && { readSync: (buffer: BufferHandle) => options.readSync!(handle(buffer).memory) }),
    compile(program): Compiled<M> {
      return { program, steps: program.steps.map((step) => compileStep(step, program.buffers, compiler)) }
    },
    ...(options.listing && {
      listing: (program: Program) => [...new Set(kernelsOf(program).map((kernel) => options.listing!(kernel)))].join('\n'),
    }),
    execute(executable: Executable, buffers, scalars) {
      const { program, steps } = executable as Compiled<M>
      const given = buffers.map(handle)
      checkArguments(name, program, given, scalars)
      const { memory, release } = placement.take(program, given)
      try {
        for (const run of steps) run(memory, scalars)
      } finally {
        release()
      }
    },
    report() {
      const bufferBytes = [...live].reduce((sum, b) => sum + b.length * dtypes[b.dtype].bytes, 0)
      return {
        backend: name,
        details: options.details?.() ?? {},
        memory: { buffers: live.size, bufferBytes, arenaBytes: placement.arenaBytes() },
        notes: options.notes?.() ?? [],
      }
    },
    dispose() {
      for (const b of live) options.free(b.memory)
      live.clear()
      placement.dispose()
      options.dispose?.()
    },
  }
}

const cachedKernels = 1024

/** Equal kernels are compiled once, as long as they are among the last ones used. */
function cached<M>(options: KernelBackendOptions<M>): KernelCompiler<M>['compileKernel'] {
  const kernels = new Map<string, CompiledKernel<M>>()
  return (kernel: Kernel) => {
    const key = kernelKey(kernel)
    const compiled = kernels.get(key) ?? options.compileKernel(kernel)
    kernels.delete(key) // the last of the map is the most recently used
    kernels.set(key, compiled)
    if (kernels.size > cachedKernels) kernels.delete(kernels.keys().next().value!)
    return compiled
  }
}

/** Finds the memory of a program's buffers for the time of a run. One arena serves all programs in turn. */
function placeBuffers<M>(options: KernelBackendOptions<M>) {
  let arena: Arena<M> | null = null
  let arenaBytes = 0
  const dispose = (): void => {
    arena?.free()
    arena = null
    arenaBytes = 0
  }
  const take = (program: Program, external: readonly Handle<M>[]): { memory: M[]; release: () => void } => {
    if (options.arena && program.arenaBytes > arenaBytes) {
      dispose()
      arena = options.arena(program.arenaBytes)
      arenaBytes = program.arenaBytes
    }
    const own = new Map<string, M>()
    const allocate = (key: string, { dtype, length }: BufferParam): M => {
      if (!own.has(key)) own.set(key, options.allocate(dtype, length))
      return own.get(key)!
    }
    let next = 0
    const memory = program.buffers.map((b, i): M => {
      if (b.role === 'external') return external[next++]!.memory
      // A view takes the place of a slice when its loop runs.
      if (b.role === 'slice') return options.view ? (undefined as M) : allocate(`slice ${i}`, b)
      // Temporaries that were planned into the same place are never needed at once.
      return arena ? arena.at(b.dtype, b.offset, b.length) : allocate(`${b.offset} ${b.dtype} ${b.length}`, b)
    })
    return { memory, release: () => own.forEach((m) => options.free(m)) }
  }
  return { take, dispose, arenaBytes: (): number => arenaBytes }
}

const param = (b: BufferParam | undefined): string => (b ? `${b.dtype}[${b.length}]` : 'nothing')

function checkArguments(name: string, program: Program, buffers: readonly BufferParam[], scalars: readonly number[]): void {
  const external = program.buffers.filter((b) => b.role === 'external')
  for (let i = 0; i < Math.max(external.length, buffers.length); i++) {
    const [wanted, given] = [param(external[i]), param(buffers[i])]
    if (wanted !== given) throw new BackendError(`${name}: the program's buffer ${i} is ${wanted}, and was given ${given}`)
  }
  const { length } = program.scalars
  if (scalars.length === length) return
  throw new BackendError(`${name}: the program takes ${length} scalars, and was given ${scalars.length}`)
}
