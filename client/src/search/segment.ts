/** A part of the index: the terms of one conversation, and the messages that have them. */

import type { SegmentRecord } from '../local/schema.js';
import { termsOf } from './tokens.js';

/** A segment as it is searched. */
export interface Segment {
  conversation: string;
  updatedAt: number;
  /** Ids of messages; that of the title is empty. */
  ids: string[];
  /** The number of terms of each. */
  lengths: Uint32Array;
  /** In order. */
  terms: string[];
  /** Where in `postings` those of a term begin; and where the last ones end. */
  starts: Uint32Array;
  /** Which message has the term, and how often: see `posting()`. */
  postings: Uint32Array;
}

/** How often a term is there is counted up to this. */
const MOST_TIMES = 255;

export function documentOf(posting: number): number {
  return posting >>> 8;
}

export function timesOf(posting: number): number {
  return posting & MOST_TIMES;
}

/** Gathers the texts of a conversation. */
export class SegmentBuilder {
  readonly #ids: string[] = [];
  readonly #lengths: number[] = [];
  readonly #postings = new Map<string, number[]>();

  add(id: string, text: string) {
    const posting = this.#ids.length << 8;
    let length = 0;
    for (const term of termsOf(text)) {
      length += 1;
      this.#count(term, posting);
    }
    this.#ids.push(id);
    this.#lengths.push(length);
  }

  #count(term: string, posting: number) {
    const list = this.#postings.get(term);
    if (!list) {
      this.#postings.set(term, [posting + 1]);
      return;
    }
    const last = list[list.length - 1] as number;
    if (last < posting) list.push(posting + 1);
    else if (timesOf(last) < MOST_TIMES) list[list.length - 1] = last + 1;
  }

  build(conversation: string, updatedAt: number): Segment {
    const sorted = [...this.#postings].sort(([a], [b]) => (a < b ? -1 : 1));
    const starts = new Uint32Array(sorted.length + 1);
    for (const [index, [, list]] of sorted.entries()) starts[index + 1] = (starts[index] as number) + list.length;
    const postings = new Uint32Array(starts[sorted.length] as number);
    for (const [index, [, list]] of sorted.entries()) postings.set(list, starts[index]);
    return {
      conversation,
      updatedAt,
      ids: this.#ids,
      lengths: Uint32Array.from(this.#lengths),
      terms: sorted.map(([term]) => term),
      starts,
      postings,
    };
  }
}

/** The segment as it is stored: one text is read much faster than thousands. Terms and ids have no line breaks. */
export function toRecord({ terms, ids, ...segment }: Segment, stamp: number): SegmentRecord {
  return { ...segment, stamp, terms: terms.join('\n'), ids: ids.join('\n') };
}

export function fromRecord({ terms, ids, stamp: _, ...segment }: SegmentRecord): Segment {
  return { ...segment, terms: terms === '' ? [] : terms.split('\n'), ids: ids.split('\n') };
}

/** The terms that a term of a query stands for: from the first one up to, and without, the last one. */
export function findTerms({ terms }: Segment, term: string, isPrefix: boolean): [number, number] {
  const from = firstFrom(terms, term);
  if (isPrefix) return [from, firstFrom(terms, `${term}\uffff`)];
  return [from, terms[from] === term ? from + 1 : from];
}

/** The index of the first term that does not stand before this one. */
function firstFrom(terms: readonly string[], term: string): number {
  let [low, high] = [0, terms.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((terms[middle] as string) < term) low = middle + 1;
    else high = middle;
  }
  return low;
}
