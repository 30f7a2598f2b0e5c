/** What is searched for: words, beginnings of words (`word*`) and "phrases". As the server reads it, with one thing more. */

import { cut, isGlued, unitsOf, type Unit } from './tokens.js';

/** A term of the index that has to be there. */
export interface QueryTerm {
  term: string;
  /** Whatever begins with it will do. */
  isPrefix: boolean;
}

/** Words that follow one another. */
export interface Sequence {
  words: Unit[];
  /** Whether the last one is only the beginning of a word. */
  isPrefix: boolean;
}

/** All of its sequences have to be found. */
export interface Query {
  sequences: Sequence[];
  /** What a text that has the sequences has in the index. */
  terms: QueryTerm[];
}

const QUOTES = /["“”„]/;

/** Of the word that is being typed, the last one, the beginning will do. */
export function parseQuery(typed: string): Query {
  const text = asTyped(typed);
  const sequences = chunksOf(text).flatMap(({ chunk, isQuoted }): Sequence[] => {
    const words = [...unitsOf(chunk)];
    if (words.length === 0) return [];
    // A star is the end of what it follows, and nothing in a phrase.
    return [{ words, isPrefix: !isQuoted && words.at(-1)?.end === chunk.length - 1 && chunk.endsWith('*') }];
  });
  return { sequences, terms: sequences.flatMap(termsOfSequence) };
}

/** The text with the star of the word that is being typed: as the server is asked. */
export function asTyped(text: string): string {
  return /[\p{Alphabetic}\p{N}\p{M}]$/u.test(text) ? `${text}*` : text;
}

/** What stands in quotation marks, and what stands between spaces outside of them. A quotation that does not end is none. */
function chunksOf(text: string) {
  const parts = text.split(QUOTES);
  return parts.flatMap((part, index) => {
    const isQuoted = index % 2 === 1 && index < parts.length - 1;
    const chunks = isQuoted ? [part] : part.split(/\s+/);
    return chunks.map((chunk) => ({ chunk, isQuoted }));
  });
}

function termsOfSequence({ words, isPrefix }: Sequence): QueryTerm[] {
  return words.flatMap(({ folded, isCjk }, index) => {
    const next = words[index + 1];
    if (!isCjk) return [{ term: cut(folded), isPrefix: isPrefix && !next }];
    if (isGlued(words[index], next)) return [{ term: folded + next?.folded, isPrefix: false }];
    // The pair before has it already; of one that stands alone it is not known what follows.
    return isGlued(words[index - 1], words[index]) ? [] : [{ term: folded, isPrefix: true }];
  });
}
