/** When a program's own buffers are needed. */
import type { Program, Step } from './program.ts'

/** For each step of a program, the buffers of its own that no earlier step uses, and those that no later one does. */
export interface Lifetimes {
  readonly first: readonly (readonly number[])[]
  readonly last: readonly (readonly number[])[]
}

/** Inside a `Repeat` a buffer is needed for the whole loop. */
export function lifetimesOf({ buffers, steps }: Program): Lifetimes {
  const uses = steps.map((step) => [...usedBy(step)].filter((b) => buffers[b]!.role !== 'external'))
  const newTo = (known: Set<number>, used: readonly number[]): number[] => used.filter((b) => !known.has(b) && known.add(b))
  const [before, after] = [new Set<number>(), new Set<number>()]
  const first = uses.map((used) => newTo(before, used))
  const last = uses.toReversed().map((used) => newTo(after, used))
  return { first, last: last.reverse() }
}

function usedBy(step: Step): Set<number> {
  if (step.kind === 'run') return new Set(step.buffers)
  const bound = [...step.slices.flatMap((s) => [s.buffer, s.of]), ...step.carries.flatMap((c) => [c.current, c.next])]
  return new Set([...bound, ...step.body.flatMap((inner) => [...usedBy(inner)])])
}
