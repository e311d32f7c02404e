/**
 * Turns "compile one kernel" into "compile a program": with this a simple backend is an allocator and a code generator.
 * It keeps the books of buffers, caches compiled kernels, places temporaries, and runs `Repeat`.
 */
import type { Backend, BackendReport, BufferHandle, Capabilities, Executable } from './backend.ts'
import { Chain, type Link } from './chain.ts'
import { type DType, dtypes, type TypedArray } from './dtype.ts'
import { BackendError } from './errors.ts'
import type { BufferParam, Kernel } from './kernel.ts'
import { kernelKey } from './key.ts'
import { type Lifetimes, lifetimesOf } from './lifetimes.ts'
import { LruCache } from './lru.ts'
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
  /** Memory for temporaries at the planned offsets. Without it each has memory of its own, from the first step that uses it to the last. */
  arena?(bytes: number): Arena<M>
  details?(): BackendReport['details']
  notes?(): readonly string[]
  dispose?(): void
}

/** One block of memory in which temporaries lie at planned offsets. */
export interface Arena<M> {
  at(dtype: DType, offset: number, length: number): M
  free(): void
}

interface Handle<M> extends BufferParam, Link<Handle<M>> {
  readonly memory: M
}

interface Compiled<M> {
  readonly program: Program
  readonly steps: readonly CompiledStep<M>[]
  readonly lifetimes: Lifetimes
}

/** A backend, of an allocator and a function that compiles one kernel. */
export function kernelBackend<M>(options: KernelBackendOptions<M>): Backend {
  const { name, capabilities } = options
  const live = new Chain<Handle<M>>()
  const placement = placeBuffers(options)
  const compiler: KernelCompiler<M> = {
    compileKernel: cached(options),
    ...(options.copy && { copy: (from: M, to: M) => options.copy!(from, to) }),
    ...(options.view && { view: (memory: M, start: number, length: number) => options.view!(memory, start, length) }),
  }

  const handle = (buffer: BufferHandle): Handle<M> => {
    const h = buffer as Handle<M>
    if (h.chain !== live) throw new BackendError(`${name}: this buffer has been freed, or belongs to another backend`)
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
      const memory = options.allocate(dtype, length)
      const h: Handle<M> = { dtype, length, memory, bytes: length * dtypes[dtype].bytes, chain: null, previous: null, next: null }
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
      return { program, steps: program.steps.map((step) => compileStep(step, program.buffers, compiler)), lifetimes: lifetimesOf(program) }
    },
    ...(options.listing && {
      listing: (program: Program) => [...new Set(kernelsOf(program).map((kernel) => options.listing!(kernel)))].join('\n'),
    }),
    execute(executable: Executable, buffers, scalars) {
      const compiled = executable as Compiled<M>
      const given = buffers.map(handle)
      checkArguments(name, compiled.program, given, scalars)
      placement.run(compiled, given, scalars)
    },
    report() {
      return {
        backend: name,
        details: options.details?.() ?? {},
        memory: { buffers: live.size, bufferBytes: live.bytes, arenaBytes: placement.arenaBytes() },
        notes: options.notes?.() ?? [],
      }
    },
    dispose() {
      for (let h = live.first; h; h = live.first) {
        live.delete(h)
        options.free(h.memory)
      }
      placement.dispose()
      options.dispose?.()
    },
  }
}

const cachedKernels = 1024

/** Equal kernels are compiled once, as long as they are among the last ones used. */
function cached<M>(options: KernelBackendOptions<M>): KernelCompiler<M>['compileKernel'] {
  const kernels = new LruCache<CompiledKernel<M>>(cachedKernels)
  return (kernel: Kernel) => {
    const key = kernelKey(kernel)
    const compiled = kernels.get(key) ?? options.compileKernel(kernel)
    kernels.set(key, compiled)
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
  /** Runs the steps. What one is the first to use is placed before it, and freed after the last that uses it. */
  const run = ({ program, steps, lifetimes }: Compiled<M>, external: readonly Handle<M>[], scalars: readonly number[]): void => {
    if (options.arena && program.arenaBytes > arenaBytes) {
      dispose()
      arena = options.arena(program.arenaBytes)
      arenaBytes = program.arenaBytes
    }
    let next = 0
    const memory = program.buffers.map((b) => (b.role === 'external' ? external[next++]!.memory : (undefined as M)))
    const own = new Set<number>()
    const place = (b: number): void => {
      const buffer = program.buffers[b]!
      if (arena && buffer.role === 'temporary') memory[b] = arena.at(buffer.dtype, buffer.offset, buffer.length)
      else if (buffer.role === 'temporary' || !options.view) {
        memory[b] = options.allocate(buffer.dtype, buffer.length)
        own.add(b)
      } // a view takes the place of a slice when its loop runs
    }
    const release = (b: number): void => {
      if (own.delete(b)) options.free(memory[b]!)
    }
    try {
      for (const [i, step] of steps.entries()) {
        lifetimes.first[i]!.forEach(place)
        step(memory, scalars)
        lifetimes.last[i]!.forEach(release)
      }
    } finally {
      own.forEach(release)
    }
  }
  return { run, dispose, arenaBytes: (): number => arenaBytes }
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
