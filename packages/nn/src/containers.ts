import { Module } from './module.ts'
import { isModule } from './walk.ts'

/**
 * Modules in a list, for a `forward` that goes through them as it likes; `blocks[3]` is the fourth, and its parameters are `blocks.3.weight`.
 * An array in a field does as well: this one checks what it is given, and prints itself. PyTorch: `torch.nn.ModuleList`.
 *
 * @throws TypeError for what is no module.
 */
export class ModuleList<M extends Module = Module> extends Module {
  // Fields named 0, 1, …, so that the walk finds them as it finds any field.
  readonly [index: number]: M
  readonly length: number = 0

  constructor(modules: Iterable<M> = []) {
    super()
    for (const module of modules) this.append(module)
  }

  append(module: M): this {
    checkModule('ModuleList', `element ${this.length}`, module)
    const self = this as { [index: number]: M; length: number }
    self[self.length++] = module
    return this
  }

  *[Symbol.iterator](): IterableIterator<M> {
    for (let i = 0; i < this.length; i++) yield this[i]!
  }

  /** @throws TypeError: a list says nothing of how its modules hang together. */
  forward(): never {
    throw new TypeError('ModuleList has no forward of its own: call those of its modules')
  }
}

/**
 * Modules by name: `heads.get('left')`, with parameters `left.weight`. A plain object in a field does as well: this one checks what it
 * is given, and prints itself. PyTorch: `torch.nn.ModuleDict`.
 *
 * @throws TypeError for what is no module, RangeError for a name that is empty, holds a dot or is that of a member of Module.
 */
export class ModuleDict<M extends Readonly<Record<string, Module>> = Record<string, Module>> extends Module {
  constructor(modules: M) {
    super()
    for (const [name, module] of Object.entries(modules)) this.set(name as keyof M & string, module as M[keyof M & string])
  }

  get<K extends keyof M & string>(name: K): M[K] {
    if (this.has(name)) return this.#fields()[name] as M[K]
    throw new RangeError(`ModuleDict has no '${name}', only ${this.keys().join(', ')}`)
  }

  set<K extends keyof M & string>(name: K, module: M[K]): this {
    checkModule('ModuleDict', `'${name}'`, module)
    if (name === '' || name.includes('.') || (name in this && !this.has(name))) {
      throw new RangeError(`ModuleDict: '${name}' cannot be the name of a module; a path is made of it, and of a field of its own`)
    }
    this.#fields()[name] = module
    return this
  }

  has(name: string): boolean {
    return Object.hasOwn(this, name) && isModule(this.#fields()[name])
  }

  keys(): (keyof M & string)[] {
    return this.namedChildren().map(([name]) => name)
  }

  values(): M[keyof M][] {
    return this.namedChildren().map(([, module]) => module as M[keyof M])
  }

  entries(): [keyof M & string, M[keyof M]][] {
    return this.namedChildren().map(([name, module]) => [name, module as M[keyof M]])
  }

  /** @throws TypeError: a dictionary says nothing of how its modules hang together. */
  forward(): never {
    throw new TypeError('ModuleDict has no forward of its own: call those of its modules')
  }

  #fields(): Record<string, unknown> {
    return this as unknown as Record<string, unknown>
  }
}

function checkModule(who: string, what: string, module: unknown): void {
  if (!isModule(module)) throw new TypeError(`${who} takes modules, ${what} is ${module === null ? 'null' : typeof module}`)
}
