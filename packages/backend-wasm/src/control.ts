/**
 * Words that the threads speak through, in the first page of the memory, where no block lies: bytes from address 0, those that several threads
 * write each on a cache line of its own.
 */

/** Changes whenever there is something for the workers, who sleep on it. */
export const signalAt = 64
/** Number of the program that all threads are to run. */
export const epochAt = 68
/** Messages that were posted to each worker. */
export const mailAt = 72
/** Workers that sleep until there is a signal. */
export const asleepAt = 76
/** Threads that have come to the barrier, how often it opened, and how many sleep there. */
export const arrivedAt = 128
export const openedAt = 192
export const sleepersAt = 256
/** Set when a program is given up: nobody waits any longer. */
export const abortAt = 320
/** What is to be run: see `jobWords`. */
export const jobAt = 384
/** For each thread, how many messages it has handled, and the number of the program that it last left. */
export const handledAt = 1024
export const leftAt = 2048
/** Why a worker gave up: the length of the text in bytes, then the text in UTF-8. */
export const troubleAt = 4096
export const troubleBytes = 2048

/** More threads than these have no words. */
export const mostThreads = 256

/** The words of the job. Every thread works on a copy of the arguments of its own, for the slices of a `Repeat` change in it. */
export const jobWords = ['commands', 'arguments', 'argumentBytes', 'copies', 'copyStride', 'scratch', 'scratchStride'] as const
export type Job = Readonly<Record<(typeof jobWords)[number], number>>
