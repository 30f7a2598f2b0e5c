/** Which messages have all terms of a query, the best first (BM25). */

import type { Query, QueryTerm } from './query.js';
import { documentOf, findTerms, timesOf, type Segment } from './segment.js';

/** A message, or a title, that has all the terms. */
export interface Candidate {
  conversation: string;
  /** Null: the title. */
  messageId: string | null;
  score: number;
  updatedAt: number;
}

/** BM25's parameters, as they are used most. */
const [K1, B] = [1.2, 0.75];

/** What a term that only begins as asked counts, beside the term itself. */
const BEGINNING = 0.5;

/** A segment with the terms that stand for each of the query. */
interface Found {
  segment: Segment;
  ranges: [number, number][];
}

export function rank(segments: Iterable<Segment>, { terms }: Query): Candidate[] {
  if (terms.length === 0) return [];
  const frequencies = terms.map(() => 0);
  const found: Found[] = [];
  let [documents, total] = [0, 0];
  for (const segment of segments) {
    const ranges = terms.map(({ term, isPrefix }) => findTerms(segment, term, isPrefix));
    for (const [index, range] of ranges.entries())
      frequencies[index] = (frequencies[index] ?? 0) + countOf(segment, range);
    documents += segment.ids.length;
    for (const length of segment.lengths) total += length;
    if (ranges.every(([from, to]) => from < to)) found.push({ segment, ranges });
  }
  const weights = frequencies.map((frequency) => weightOf(Math.min(frequency, documents), documents));
  const mean = total / documents || 1;
  const candidates = found.flatMap((one) => candidatesOf(one, terms, weights, mean));
  return candidates.sort((a, b) => b.score - a.score || b.updatedAt - a.updatedAt);
}

/** How many postings these terms have. */
function countOf({ starts }: Segment, [from, to]: [number, number]) {
  return (starts[to] as number) - (starts[from] as number);
}

/** The rarer a term, the more it says. */
function weightOf(frequency: number, documents: number) {
  return Math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5));
}

/** A message may lack what its title has: then it counts less. */
const TITLE = 0.5;

function candidatesOf({ segment, ranges }: Found, terms: QueryTerm[], weights: number[], mean: number): Candidate[] {
  const times = ranges.map((range, index) => timesIn(segment, range, terms[index]?.term));
  const { conversation, updatedAt, ids, lengths } = segment;
  // Where the title has it all, a message has to have it all, too.
  const mayLack = times.map((counts) => counts[0] as number);
  if (mayLack.every(Boolean)) mayLack.fill(0);
  const candidates: Candidate[] = [];
  for (let index = 0; index < ids.length; index += 1) {
    const norm = K1 * (1 - B + (B * (lengths[index] as number)) / mean);
    let [score, isHere, isThere] = [0, false, true];
    for (let term = 0; term < times.length && isThere; term += 1) {
      const own = times[term]?.[index] as number;
      const count = own || (mayLack[term] as number) * TITLE;
      isHere ||= own > 0;
      isThere = count > 0;
      score += ((weights[term] as number) * count * (K1 + 1)) / (count + norm);
    }
    if (isHere && isThere) candidates.push({ conversation, messageId: ids[index] || null, score, updatedAt });
  }
  return candidates;
}

/** How often these terms are in each message. */
function timesIn({ ids, terms, starts, postings }: Segment, [from, to]: [number, number], term?: string) {
  const counts = new Float32Array(ids.length);
  for (let index = from; index < to; index += 1) {
    const weight = terms[index] === term ? 1 : BEGINNING;
    for (let at = starts[index] as number; at < (starts[index + 1] as number); at += 1) {
      const posting = postings[at] as number;
      counts[documentOf(posting)] = (counts[documentOf(posting)] as number) + weight * timesOf(posting);
    }
  }
  return counts;
}
