export const isPromise = <T>(value: T | Promise<T>): value is Promise<T> => value instanceof Promise

/** `fn` of the value, at once if it is there and later if it is a promise: work in memory stays within one turn. */
export const andThen = <T, U>(value: T | Promise<T>, fn: (value: T) => U | Promise<U>): U | Promise<U> =>
  isPromise(value) ? value.then(fn) : fn(value)
