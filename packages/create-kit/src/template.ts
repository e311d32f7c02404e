/**
 * A package that works as it stands, which new ones are made from: what stands in it under its own names will stand there under theirs. So there is
 * no template language, and its code is formatted, type-checked and tested where it is.
 */
export interface Template {
  /** What the package gives, in a word: `layer`. */
  readonly kind: string
  readonly folder: string
  /** What a package's name may begin with and the names inside it leave out: `tenon-`, `nn-`. */
  readonly prefixes: readonly string[]
  /** How what the package gives is written: `MyLayer` or `myBackend`. */
  readonly gives: 'class' | 'function'
}
