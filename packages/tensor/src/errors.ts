import { TenonError } from '@tenon/kernel'

/** A value was asked for that is gone: a variable that it was computed from has changed since. */
export class StaleTensorError extends TenonError {
  override name = 'StaleTensorError'
}

/** A NaN appeared where there was none. */
export class AnomalyError extends TenonError {
  override name = 'AnomalyError'
}

/** Something that a captured function must not do. */
export class JitError extends TenonError {
  override name = 'JitError'
}
