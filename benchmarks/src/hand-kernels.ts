/**
 * What the baselines on gpu.js share: kernels written by hand, as strings, so that no bundler changes them. Each says where its tensors'
 * elements lie through a layout, because what is fastest differs: flat arrays on the cpu, where nested ones are indexed twice, and rows
 * elsewhere, where WebAssembly computes four elements of a row at once and shaders need no division.
 */
import { GPU, type IKernelRunShortcut, type KernelFunction, Texture } from 'gpu.js'

export type HandMode = 'cpu' | 'webasm' | 'webgl2'
/** A texture, or, where there are none, an array. */
export type Data = ReturnType<IKernelRunShortcut>
type Shape = readonly number[]

const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)
const threads = ['this.thread.x', 'this.thread.y', 'this.thread.z']

interface Layout {
  readonly output: (shape: Shape) => number[]
  /** Lines that define the indices, by these names, of the element that a kernel computes. */
  readonly element: (shape: Shape, names: readonly string[]) => string
  readonly at: (tensor: string, shape: Shape, indices: readonly string[]) => string
}

const flat: Layout = {
  output: (shape) => [product(shape)],
  element: (shape, names) => {
    const lines = ['const i0 = this.thread.x;']
    for (const [n, name] of names.slice(0, -1).entries()) {
      const size = product(shape.slice(n + 1))
      lines.push(`const ${name} = Math.floor(i${n} / ${size});`, `const i${n + 1} = i${n} - ${name} * ${size};`)
    }
    return [...lines, `const ${names.at(-1)} = i${names.length - 1};`].join('\n')
  },
  at: (tensor, shape, indices) => `${tensor}[${indices.reduce((index, next, n) => `(${index}) * ${shape[n]} + ${next}`)}]`,
}

const rows: Layout = {
  output: (shape) => shape.toReversed(),
  element: (_, names) => names.map((name, n) => `const ${name} = ${threads[names.length - 1 - n]};`).join('\n'),
  at: (tensor, _, indices) => `${tensor}${indices.map((index) => `[${index}]`).join('')}`,
}

/** Σ of `term` over 0 ≤ k < `count`, four at a time: a sum alone waits for its last addition. Lines, and the result. */
export const sum = (count: number, term: (k: string) => string): { readonly lines: string; readonly value: string } => {
  const width = count % 4 === 0 ? 4 : 1
  const parts = Array.from({ length: width }, (_, n) => n)
  return {
    lines: [
      ...parts.map((n) => `let s${n} = 0.0;`),
      `for (let k = 0; k < ${count}; k += ${width}) {`,
      ...parts.map((n) => `s${n} += ${term(n === 0 ? 'k' : `(k + ${n})`)};`),
      '}',
    ].join('\n'),
    value: parts.map((n) => `s${n}`).join(' + '),
  }
}

export class HandKernels {
  readonly #gpu: GPU
  readonly #layout: Layout
  readonly #textures: boolean

  constructor(mode: HandMode) {
    this.#gpu = new GPU({ mode })
    this.#layout = mode === 'cpu' ? flat : rows
    this.#textures = mode === 'webgl2'
  }

  /** A kernel of this output, of at most three dimensions; `body` is given names for the indices, and ends in a return. */
  kernel(parameters: string, shape: Shape, names: readonly string[], body: string): (...args: readonly Data[]) => Data {
    const kernel = this.#gpu.createKernel(
      `function(${parameters}) {\n${this.#layout.element(shape, names)}\n${body}\n}` as unknown as KernelFunction,
      {
        output: this.#layout.output(shape),
        precision: 'single',
        tactic: 'precision',
        pipeline: true,
        immutable: true,
        dynamicOutput: false,
      },
    )
    return (...args) => kernel(...(args as Parameters<IKernelRunShortcut>))
  }

  /** The text of one element. */
  at(tensor: string, shape: Shape): (...indices: readonly string[]) => string {
    return (...indices) => this.#layout.at(tensor, shape, indices)
  }

  /** Once to a texture, where there are textures: then no kernel uploads it again, or is compiled again. */
  uploader(shape: Shape): (numbers: Float32Array) => Data {
    const names = ['x', 'y', 'z'].slice(0, shape.length)
    const identity = this.kernel('numbers', shape, names, `return ${this.at('numbers', shape)(...names)};`)
    const shaped = (numbers: Float32Array, [size, ...inner]: Shape): Data =>
      inner.length === 0 || this.#layout === flat
        ? numbers
        : (Array.from({ length: size! }, (_, i) => {
            const length = product(inner)
            return shaped(numbers.subarray(i * length, (i + 1) * length), inner)
          }) as Data)
    return (numbers) => (this.#textures ? identity(shaped(numbers, shape)) : shaped(numbers, shape))
  }

  /** The first number of a one-dimensional result. */
  read(data: Data): number {
    return ((data instanceof Texture ? data.toArray() : data) as Float32Array)[0]!
  }

  delete(...data: readonly Data[]): void {
    for (const texture of data) if (texture instanceof Texture) texture.delete()
  }
}
