/** Errors that any package may throw. Each says what was asked, what was found, and what to do next. */
export class TenonError extends Error {
  override name = 'TenonError'
}

export class BackendError extends TenonError {
  override name = 'BackendError'
}

/** Well-formed, but not something that this backend or version can do. */
export class UnsupportedError extends TenonError {
  override name = 'UnsupportedError'
}

export class DTypeError extends TenonError {
  override name = 'DTypeError'
}

export class ShapeError extends TenonError {
  override name = 'ShapeError'
}
