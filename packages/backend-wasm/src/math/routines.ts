/** The routines by the name of their operation, and how each gets into a module. */
import type { BinaryOp, UnaryOp } from '@tenon/kernel'
import { after, choose, either, type I32, loopWhile, sequence, type V128, when } from '../assembler/code.ts'
import { f32x4, i32 } from '../assembler/instructions.ts'
import type { FunctionBuilder, ModuleBuilder } from '../assembler/module.ts'
import { erf, exp, expm1, log, log1p, tanh } from './exponential.ts'
import type { Kit, Routine1, Routine2 } from './kit.ts'
import { pow } from './power.ts'
import { atan2, cos, sin, tan } from './trigonometry.ts'

export type MathFunction = Extract<UnaryOp, 'exp' | 'expm1' | 'log' | 'log1p' | 'sin' | 'cos' | 'tan' | 'tanh' | 'erf'>
export type MathFunction2 = Extract<BinaryOp, 'pow' | 'atan2'>

export const routines: Readonly<Record<MathFunction, Routine1>> = { exp, expm1, log, log1p, sin, cos, tan, tanh, erf }
export const routines2: Readonly<Record<MathFunction2, Routine2>> = { pow, atan2 }

/** Short and hot: worth a copy in each loop that uses them. The others are functions of the module. */
export const isInlined = (name: MathFunction | MathFunction2): boolean =>
  name === 'exp' || name === 'log' || name === 'tanh' || name === 'erf'

/** a·b + c as the engine can. */
export const multiplyAdd = (relaxed: boolean): Kit['madd'] => (relaxed ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c))

/** The functions that a module has of those not inlined, made when first asked for. */
export class MathFunctions {
  readonly #module: ModuleBuilder
  readonly #relaxed: boolean
  #integerPower: FunctionBuilder<'i32'> | null = null
  readonly #made = new Map<string, FunctionBuilder<'v128'>>()

  constructor(module: ModuleBuilder, relaxed: boolean) {
    this.#module = module
    this.#relaxed = relaxed
  }

  call(name: MathFunction, x: V128): V128 {
    return this.#get(name, 1, (kit, args) => routines[name](kit, args[0]!)).call(x)
  }

  call2(name: MathFunction2, a: V128, b: V128): V128 {
    return this.#get(name, 2, (kit, args) => routines2[name](kit, args[0]!, args[1]!)).call(a, b)
  }

  /** xʸ of integers, wrapping; a negative y gives what is left of the fraction 1/x^|y| when it is truncated. */
  integerPower(x: I32, y: I32): I32 {
    let f = this.#integerPower
    if (!f) {
      f = this.#integerPower = this.#module.function(['i32', 'i32'], 'i32')
      f.add(integerPowerBody(f))
    }
    return f.call(x, y)
  }

  #get(name: string, arity: number, body: (kit: Kit, args: readonly V128[]) => V128): FunctionBuilder<'v128'> {
    let f = this.#made.get(name)
    if (f) return f
    f = this.#module.function(
      Array.from({ length: arity }, () => 'v128' as const),
      'v128',
    )
    this.#made.set(name, f)
    const { params } = f
    f.add(
      body(
        functionKit(f, this.#relaxed),
        params.map((_, i) => f.param(i, 'v128').get),
      ),
    )
    return f
  }
}

/** By squaring. */
function integerPowerBody(f: FunctionBuilder<'i32'>): I32 {
  const x = f.param(0, 'i32')
  const y = f.param(1, 'i32')
  const result = f.local('i32')
  const one = i32.const(1)
  const isOdd = i32.and(y.get, one)
  const step = sequence(when(isOdd, result.set(i32.mul(result.get, x.get))), x.set(i32.mul(x.get, x.get)), y.set(i32.shrU(y.get, one)))
  const positive = after(sequence(result.set(one), loopWhile(y.get, step)), result.get)
  const minusOne = choose(isOdd, i32.const(-1), one)
  const negative = choose(i32.eq(x.get, one), one, choose(i32.eq(x.get, i32.const(-1)), minusOne, i32.const(0)))
  return either(i32.ltS(y.get, i32.const(0)), negative, positive)
}

/** For code that runs once in its function: constants stand where they are used. */
const functionKit = (f: FunctionBuilder<'v128'>, relaxed: boolean): Kit => ({
  keep: (value) => {
    const local = f.local('v128')
    f.add(local.set(value))
    return local.get
  },
  constant: (value) => value,
  madd: multiplyAdd(relaxed),
})
