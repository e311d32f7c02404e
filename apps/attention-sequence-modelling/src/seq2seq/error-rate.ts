/** How wrong predicted phonemes are. */

/** The fewest insertions, deletions and substitutions that make `a` into `b`: Levenshtein 1966. */
export const editDistance = (a: readonly string[], b: readonly string[]): number => {
  let row = b.map((_, j) => j + 1)
  a.forEach((x, i) => {
    let [diagonal, left] = [i, i + 1]
    row = row.map((above, j) => {
      const cost = Math.min(above + 1, left + 1, diagonal + (x === b[j] ? 0 : 1))
      diagonal = above
      left = cost
      return cost
    })
  })
  return row.at(-1) ?? a.length
}

export interface Errors {
  /** Edits to the nearest listed pronunciation, over all words. */
  readonly edits: number
  /** Phonemes of these pronunciations. */
  readonly phonemes: number
  /** Words without an edit. */
  readonly right: number
  readonly words: number
}

/** Holds what was said of each word against its listed pronunciations: the nearest one counts, the longest of equally near ones. */
export const countErrors = (said: readonly (readonly string[])[], listed: readonly (readonly (readonly string[])[])[]): Errors => {
  const nearest = said.map((phonemes, i) =>
    listed[i]!.map((pronunciation) => ({ edits: editDistance(phonemes, pronunciation), phonemes: pronunciation.length })).reduce((a, b) =>
      b.edits < a.edits || (b.edits === a.edits && b.phonemes > a.phonemes) ? b : a,
    ),
  )
  const sum = (of: (word: (typeof nearest)[number]) => number): number => nearest.reduce((total, word) => total + of(word), 0)
  return {
    edits: sum((word) => word.edits),
    phonemes: sum((word) => word.phonemes),
    right: sum((word) => Number(word.edits === 0)),
    words: said.length,
  }
}

export const errorRate = ({ edits, phonemes }: Errors): number => edits / phonemes
