/** Which parts of words byte-pair encoding joins. The library that applies them does not learn them. */

/** A word as the numbers of its parts, and how often it is in the text. */
interface Word {
  parts: number[]
  readonly count: number
}

interface Pair {
  readonly a: number
  readonly b: number
  count: number
  /** Words in which it is, or once was. */
  readonly words: Set<Word>
}

export interface Learned {
  readonly tokens: readonly string[]
  readonly merges: readonly (readonly [string, string])[]
}

/**
 * Joins the most frequent pair of neighbours within `words`, again and again, until there are `size` tokens or no pair is
 * there twice. Of equally frequent pairs the one of lower numbers is joined.
 *
 * @param first the tokens to begin with, the first `specials` of which no word is made of
 */
export const learnMerges = (words: readonly string[], first: readonly string[], specials: number, size: number): Learned => {
  const tokens = [...first]
  const merges: [string, string][] = []
  const ids = new Map(first.slice(specials).map((token, index) => [token, index + specials]))
  const reserved = new Set(first.slice(0, specials))
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)

  const pairs = new Map<number, Pair>()
  // Beyond any number of tokens that would fit into memory, and exact within 53 bits.
  const keyOf = (a: number, b: number): number => a * 2 ** 26 + b
  const change = (word: Word, sign: 1 | -1): void => {
    for (let at = 1; at < word.parts.length; at++) {
      const [a, b] = [word.parts[at - 1]!, word.parts[at]!]
      const key = keyOf(a, b)
      const pair = pairs.get(key) ?? { a, b, count: 0, words: new Set() }
      pairs.set(key, pair)
      pair.count += sign * word.count
      pair.words.add(word)
    }
  }
  for (const [text, count] of counts) change({ parts: Array.from(text, (character) => ids.get(character)!), count }, 1)

  while (tokens.length < size) {
    let best: Pair | undefined
    for (const pair of pairs.values()) if (!best || isBetter(pair, best)) best = pair
    if (!best || best.count < 2) break
    const { a, b } = best
    pairs.delete(keyOf(a, b))
    const joined = tokens[a]! + tokens[b]!
    // A special token that is spelled like a part of a word stays what it is.
    if (reserved.has(joined)) continue
    // 'ab' + 'c' may be there already as 'a' + 'bc'.
    const id = ids.get(joined) ?? tokens.push(joined) - 1
    ids.set(joined, id)
    merges.push([tokens[a]!, tokens[b]!])
    for (const word of best.words) {
      change(word, -1)
      word.parts = join(word.parts, a, b, id)
      change(word, 1)
    }
    pairs.delete(keyOf(a, b))
  }
  return { tokens, merges }
}

const isBetter = (pair: Pair, best: Pair): boolean =>
  pair.count > best.count || (pair.count === best.count && (pair.a < best.a || (pair.a === best.a && pair.b < best.b)))

const join = (parts: readonly number[], a: number, b: number, id: number): number[] => {
  const out: number[] = []
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] === a && parts[at + 1] === b) {
      out.push(id)
      at++
    } else out.push(parts[at]!)
  }
  return out
}
