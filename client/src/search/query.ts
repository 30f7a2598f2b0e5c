/** What is searched for. */

import { unitsOf, type Unit } from './tokens.js';

/** A term of the index that has to be there. */
export interface QueryTerm {
  term: string;
  /** Whatever begins with it will do. */
  isPrefix: boolean;
}

/** Words that have to stand one behind the other: a phrase, a run of characters without spaces, or one word. */
export interface Sequence {
  words: string[];
  /** Of its last word, the beginning will do. */
  isPrefix: boolean;
}

export interface Query {
  terms: QueryTerm[];
  sequences: Sequence[];
}

/** All words of `text` have to be there; those between quotation marks as they stand; of the last one its beginning. */
export function parseQuery(text: string): Query {
  const sequences: Sequence[] = [];
  // Every other part is between quotation marks; where the last one is not closed, it still is being typed.
  const parts = text.split(/["“”„«»]/);
  for (const [index, part] of parts.entries()) {
    const units = [...unitsOf(part)];
    const isPhrase = index % 2 === 1;
    sequences.push(...(isPhrase && units.length > 0 ? [sequenceOf(units)] : apart(units)));
  }
  const last = sequences.at(-1);
  if (last && /[\p{L}\p{N}\p{M}]$/u.test(text)) last.isPrefix = true;
  return { sequences, terms: sequences.flatMap(termsOfSequence) };
}

function sequenceOf(units: readonly Unit[]): Sequence {
  return { words: units.map(({ folded }) => folded), isPrefix: false };
}

/** A sequence of each word, and of each run of characters that stand without spaces between them. */
function apart(units: readonly Unit[]): Sequence[] {
  const groups: Unit[][] = [];
  for (const unit of units) {
    const before = groups.at(-1)?.at(-1);
    if (unit.isCjk && before?.isCjk && before.end === unit.start) groups.at(-1)?.push(unit);
    else groups.push([unit]);
  }
  return groups.map(sequenceOf);
}

function termsOfSequence({ words, isPrefix }: Sequence): QueryTerm[] {
  const terms: QueryTerm[] = [];
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    const isCjk = isSpaceless(word);
    if (isCjk && next !== undefined && isSpaceless(next)) terms.push({ term: word + next, isPrefix: false });
    // What follows the last character is not known: its pair begins with it. Behind a pair, it is known to be there.
    else if (isCjk)
      terms.push(...(index > 0 && isSpaceless(words[index - 1] ?? '') ? [] : [{ term: word, isPrefix: true }]));
    else terms.push({ term: word, isPrefix: isPrefix && next === undefined });
  }
  return terms;
}

function isSpaceless(word: string) {
  const [unit] = unitsOf(word);
  return unit?.isCjk ?? false;
}
