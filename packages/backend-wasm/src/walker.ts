/**
 * The walker: the function with which every thread goes through a program's list of commands, runs its share of each kernel, and waits for the others
 * at the barriers. A thread is one share, or, where there is one thread for all, all of them: the shares are the same, and so are the results.
 */
import { choose, doWhile, drop, type I32, nothing, type Statement, sequence, when } from './assembler/code.ts'
import { atomicAdd, atomicLoad, atomicNotify, atomicStore, atomicWait, i32, memoryCopy } from './assembler/instructions.ts'
import { type FunctionBuilder, ModuleBuilder } from './assembler/module.ts'
import { minimum, plus, Writer } from './assembler/writer.ts'
import { abortAt, arrivedAt, type Job, jobAt, jobWords, openedAt, sleepersAt } from './control.ts'
import { maximumPages } from './heap.ts'

/**
 * A command is eight words, its number first. Addresses stand in the arguments, and commands name the bytes from their beginning.
 *
 * - run: function, arguments, then the split
 * - copy: where the address of the target stands, where that of the source does, then the split
 * - barrier
 * - begin: loop counter; sets it to 0
 * - slice: target, source, first byte, bytes from step to step, loop counter; target = source + first + counter · step
 * - next: loop counter, count, commands to go back; counts, and goes back while there are more
 * - finish: the last barrier; nothing is read after it, for the next program may stand there
 *
 * The split: extent, units in each share, shares with one more, parts in a unit, and the one thread that does all of it, or −1.
 */
export const command = { run: 0, copy: 1, barrier: 2, begin: 3, slice: 4, next: 5, finish: 6 } as const
export const commandBytes = 32

/** What a thread does that has waited for long: look again, sleep, or give up. */
export const patience = { look: 0, sleep: 1, giveUp: 2 } as const

/** Looks at a barrier before it asks: some 50 µs, for threads are seldom further apart, and to wake up takes as long. */
const looks = 20_000
const sleepNanoseconds = 100_000_000

/** Runs the shares first … last − 1 of the job. Leaves 1 when it was given up. */
export type Walk = (first: number, last: number) => number

const word = (address: I32, position: number): I32 => i32.load(address, 4 * position)
const job = (name: keyof Job): I32 => i32.load(i32.const(0), jobAt + 4 * jobWords.indexOf(name))
const kernelType = ['i32', 'i32', 'i32', 'i32'] as const

/** A module over the memory, `table` with the kernels, and, for more than one thread, `stall`, which is asked for patience. */
export function buildWalker(threads: number): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ maximum: maximumPages, shared: threads > 1 })
  const callKernel = module.importTable(kernelType, 'none')
  const barrier = threads > 1 ? compileBarrier(module, threads) : null

  const f = module.function(['i32', 'i32'], 'i32')
  const [first, last] = [f.param(0, 'i32').get, f.param(1, 'i32').get]
  const [at, op, stopped] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const meet: Statement = barrier ? when(i32.ne(i32.sub(last, first), i32.const(threads)), stopped.set(barrier.call(first))) : nothing

  const w = new Writer(f)
  const own = w.keep(plus(job('copies'), i32.mul(first, job('copyStride'))))
  const scratch = w.keep(plus(job('scratch'), i32.mul(first, job('scratchStride'))))
  w.add(memoryCopy(own, job('arguments'), job('argumentBytes')))
  const argument = (position: number): I32 => plus(own, word(at.get, position))

  const share = new Writer(f)
  share.loop(first, last, 1, (number, one) => {
    const { begin, end } = splitOf(one, at.get, number)
    one.when(i32.ltS(begin, end), (some) => {
      const runKernel = callKernel(word(at.get, 1), argument(1 + 1), begin, end, scratch)
      const copy = memoryCopy(plus(i32.load(argument(1)), begin), plus(i32.load(argument(2)), begin), i32.sub(end, begin))
      some.add(when(i32.eq(op.get, i32.const(command.run)), runKernel, copy))
    })
  })
  const counter = (position: number): I32 => argument(position)
  const slice = i32.store(argument(1), plus(i32.load(argument(2)), word(at.get, 3), i32.mul(word(at.get, 4), i32.load(counter(5)))))
  const next = sequence(
    i32.store(counter(1), plus(i32.load(counter(1)), i32.const(1))),
    when(i32.ltS(i32.load(counter(1)), word(at.get, 2)), at.set(i32.sub(at.get, i32.mul(word(at.get, 3), i32.const(commandBytes))))),
  )
  const is = (name: keyof typeof command): I32 => i32.eq(op.get, i32.const(command[name]))
  const step = sequence(
    op.set(word(at.get, 0)),
    when(
      i32.leS(op.get, i32.const(command.copy)),
      share.code,
      when(
        i32.or(is('barrier'), is('finish')),
        meet,
        when(is('slice'), slice, when(is('begin'), i32.store(counter(1), i32.const(0)), next)),
      ),
    ),
    at.set(plus(at.get, i32.const(commandBytes))),
  )
  w.add(at.set(job('commands')), doWhile(step, i32.and(i32.eqz(stopped.get), i32.ne(op.get, i32.const(command.finish)))))
  f.add(w.code, stopped.get)
  module.export('walk', f)
  return module.build()
}

/** The parts of a command that are a share's. */
function splitOf(w: Writer, at: I32, share: I32): { begin: I32; end: I32 } {
  const [extent, units, larger, grain, owner] = [3, 4, 5, 6, 7].map((position) => w.keep(word(at, position))) as [I32, I32, I32, I32, I32]
  const isSplit = i32.ltS(owner, i32.const(0))
  const from = w.keep(i32.mul(plus(i32.mul(share, units), minimum(share, larger)), grain))
  const to = w.keep(plus(from, i32.mul(plus(units, i32.ltS(share, larger)), grain)))
  const whole = choose(i32.eq(owner, share), extent, i32.const(0))
  return { begin: w.keep(choose(isSplit, from, i32.const(0))), end: w.keep(choose(isSplit, minimum(to, extent), whole)) }
}

/** A function of the thread's number, which leaves 1 when the program was given up. */
function compileBarrier(module: ModuleBuilder, threads: number): FunctionBuilder<'i32'> {
  const stall = module.importFunction('stall', [], 'i32')
  const f = module.function(['i32'], 'i32')
  const [opened, left, answer] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const [arrivedWord, openedWord, sleepers, abort] = [arrivedAt, openedAt, sleepersAt, abortAt].map((at) => i32.const(at)) as [
    I32,
    I32,
    I32,
    I32,
  ]
  const isClosed = i32.and(i32.eq(atomicLoad(openedWord), opened.get), i32.eqz(atomicLoad(abort)))
  const open = sequence(
    atomicStore(arrivedWord, i32.const(0)),
    atomicStore(openedWord, plus(opened.get, i32.const(1))),
    when(atomicLoad(sleepers), drop(atomicNotify(openedWord, i32.const(-1)))),
  )
  const sleep = sequence(
    drop(atomicAdd(sleepers, i32.const(1))),
    drop(atomicWait(openedWord, opened.get, sleepNanoseconds)),
    drop(atomicAdd(sleepers, i32.const(-1))),
  )
  const giveUp = sequence(atomicStore(abort, i32.const(1)), drop(atomicNotify(openedWord, i32.const(-1))))
  const ask = sequence(
    answer.set(stall.call()),
    when(i32.eq(answer.get, i32.const(patience.sleep)), sleep),
    when(i32.eq(answer.get, i32.const(patience.giveUp)), giveUp),
  )
  const look = sequence(
    left.set(i32.const(looks)),
    doWhile(left.set(i32.sub(left.get, i32.const(1))), i32.and(i32.ne(left.get, i32.const(0)), isClosed)),
    when(isClosed, ask),
  )
  f.add(
    opened.set(atomicLoad(openedWord)),
    when(i32.eq(atomicAdd(arrivedWord, i32.const(1)), i32.const(threads - 1)), open, doWhile(look, isClosed)),
    atomicLoad(abort),
  )
  return f
}
