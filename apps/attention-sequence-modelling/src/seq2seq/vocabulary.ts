/** What words are made of, written and spoken. */
import { CharVocabulary, WordVocabulary } from '@tenon/datasets'

export const alphabet = "'abcdefghijklmnopqrstuvwxyz"

export const padding = '<pad>'
export const beginning = '<bos>'
export const ending = '<eos>'

/** Letters of a word. Padding is token 0. */
export const letters: CharVocabulary = CharVocabulary.fromText(alphabet, { specials: [padding] })

/** The 39 phonemes of ARPAbet, as the dictionary uses them. Padding is token 0. */
export const phonemes: WordVocabulary = WordVocabulary.fromText(
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH',
  { specials: [padding, beginning, ending] },
)
