/** Set while a function is captured by `jit`, or the body of a `scan` is traced (`inBody`): what would run is recorded instead. */
export const capture: { active: boolean; inBody: boolean } = { active: false, inBody: false }

/** Runs `fn` as the body of a scan. */
export function traced<T>(fn: () => T): T {
  const before = { ...capture }
  capture.active = capture.inBody = true
  try {
    return fn()
  } finally {
    Object.assign(capture, before)
  }
}
