/** A mistake of the person at the command line: shown as one line, without a stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
