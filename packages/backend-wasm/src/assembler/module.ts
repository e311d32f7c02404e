/** A module under construction: functions over one imported memory, and a table of functions of other modules where it calls those. */
import { type Bytes, flatten, list, sized, unsigned, utf8 } from './bytes.ts'
import { type Code, type I32, type Statement, typeCodes, type Value, type ValueType } from './code.ts'

export class Local<T extends ValueType = ValueType> {
  readonly type: T
  readonly #index: number[]
  readonly get: Code<T>

  constructor(type: T, index: number) {
    this.type = type
    this.#index = unsigned(index)
    this.get = { type, bytes: [0x20, this.#index] }
  }

  set(value: Code<T>): Statement {
    return { type: 'none', bytes: [value.bytes, 0x21, this.#index] }
  }

  /** Sets the local and leaves its value. */
  tee(value: Code<T>): Code<T> {
    return { type: this.type, bytes: [value.bytes, 0x22, this.#index] }
  }
}

export class FunctionBuilder<R extends ValueType | 'none' = ValueType | 'none'> {
  readonly index: number
  readonly result: R
  readonly params: readonly ValueType[]
  readonly #locals: ValueType[] = []
  readonly #body: Bytes[] = []

  constructor(index: number, params: readonly ValueType[], result: R) {
    this.index = index
    this.params = params
    this.result = result
  }

  param<T extends ValueType>(position: number, type: T): Local<T> {
    if (this.params[position] !== type) throw new Error(`parameter ${position} is ${this.params[position]}, not ${type}`)
    return new Local(type, position)
  }

  local<T extends ValueType>(type: T): Local<T> {
    return new Local(type, this.params.length + this.#locals.push(type) - 1)
  }

  /** Adds to the body. The last piece of a function with a result leaves that result. */
  add(...pieces: readonly Code[]): void {
    this.#body.push(pieces.map((piece) => piece.bytes))
  }

  call(...args: readonly Value[]): Code<R> {
    return { type: this.result, bytes: [args.map((arg) => arg.bytes), 0x10, unsigned(this.index)] }
  }

  /** The entry of the code section. */
  code(): Bytes {
    const runs: [count: number, type: ValueType][] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.[1] === type) last[0]++
      else runs.push([1, type])
    }
    return sized([list(runs.map(([count, type]) => [unsigned(count), typeCodes[type]])), this.#body, 0x0b])
  }
}

/** How a module's memory is imported; the instance's import object is `{ env: { memory } }`, with `table` and functions where they are used. */
export interface MemoryImport {
  readonly maximum: number
  readonly shared: boolean
}

export class ModuleBuilder {
  readonly #functions: FunctionBuilder[] = []
  readonly #typeOf: number[] = []
  readonly #types = new Map<string, Bytes>()
  readonly #imports: Bytes[] = []
  readonly #exports: Bytes[] = []
  #importedFunctions = 0

  constructor({ maximum, shared }: MemoryImport) {
    this.#import('memory', 0x02, [shared ? 0x03 : 0x01, unsigned(1), unsigned(maximum)])
  }

  get functions(): readonly FunctionBuilder[] {
    return this.#functions
  }

  function<R extends ValueType | 'none'>(params: readonly ValueType[], result: R): FunctionBuilder<R> {
    const f = new FunctionBuilder(this.#importedFunctions + this.#functions.length, params, result)
    this.#functions.push(f)
    this.#typeOf.push(this.#type(params, result))
    return f
  }

  /** Imported functions come before the module's own. */
  importFunction<R extends ValueType | 'none'>(name: string, params: readonly ValueType[], result: R): FunctionBuilder<R> {
    this.#import(name, 0x00, unsigned(this.#type(params, result)))
    return new FunctionBuilder(this.#importedFunctions++, params, result)
  }

  /** Calls of the functions of this signature that stand in the imported table. */
  importTable<R extends ValueType | 'none'>(params: readonly ValueType[], result: R): (place: I32, ...args: readonly Value[]) => Code<R> {
    this.#import('table', 0x01, [0x70, 0x00, 0])
    const type = unsigned(this.#type(params, result))
    return (place, ...args) => ({ type: result, bytes: [args.map((arg) => arg.bytes), place.bytes, 0x11, type, 0] })
  }

  export(name: string, f: FunctionBuilder): void {
    this.#exports.push([utf8(name), 0x00, unsigned(f.index)])
  }

  build(): Uint8Array<ArrayBuffer> {
    const section = (id: number, entries: readonly Bytes[]): Bytes => [id, sized(list(entries))]
    return flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [...this.#types.values()]),
      section(2, this.#imports),
      section(3, this.#typeOf.map(unsigned)),
      section(7, this.#exports),
      section(
        10,
        this.#functions.map((f) => f.code()),
      ),
    ])
  }

  #import(name: string, kind: number, description: Bytes): void {
    this.#imports.push([utf8('env'), utf8(name), kind, description])
  }

  #type(params: readonly ValueType[], result: ValueType | 'none'): number {
    const key = `${params.join()}:${result}`
    const results = result === 'none' ? [] : [typeCodes[result]]
    if (!this.#types.has(key)) this.#types.set(key, [0x60, list(params.map((type) => typeCodes[type])), list(results)])
    return [...this.#types.keys()].indexOf(key)
  }
}
