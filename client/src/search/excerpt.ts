/** The part of a text that shows what was found in it. */

import type { Query, Sequence } from './query.js';
import { isGlued, unitsOf, type Unit } from './tokens.js';

export interface Excerpt {
  excerpt: string;
  /** What was found in it: where it begins, and how long it is. In order, and apart from one another. */
  marks: [start: number, length: number][];
}

/** Where in the text one of the sequences stands. */
interface Occurrence {
  sequence: number;
  start: number;
  end: number;
}

/** Characters before what was found, and all of it. */
const [BEFORE, LENGTH] = [60, 180];

/** Occurrences that are considered: a text may be one word a thousand times. */
const MOST = 200;

/** Null where the text, together with its title, does not have all that is searched for. */
export function excerptOf(text: string, { sequences }: Query, title = ''): Excerpt | null {
  const occurrences = find(text, sequences);
  const there = new Set(occurrences.map(({ sequence }) => sequence));
  const missing = sequences.filter((_, index) => !there.has(index));
  if (there.size === 0 || missing.some((sequence) => find(title, [sequence]).length === 0)) return null;
  const first = bestStart(occurrences);
  const from = first.start <= BEFORE ? 0 : wordStart(text, first.start - BEFORE);
  const to = from + LENGTH >= text.length ? text.length : wordEnd(text, Math.max(first.end, from + LENGTH));
  const inside = occurrences.filter(({ start, end }) => start >= from && end <= to);
  return { excerpt: text.slice(from, to), marks: merge(inside).map(([start, end]) => [start - from, end - start]) };
}

/** Where the sequences stand. */
function find(text: string, sequences: readonly Sequence[]): Occurrence[] {
  const found: Occurrence[] = [];
  const missing = new Set(sequences.keys());
  const longest = Math.max(...sequences.map(({ words }) => words.length));
  const window: Unit[] = [];
  for (const unit of unitsOf(text)) {
    window.push(unit);
    if (window.length > longest) window.shift();
    for (const [index, sequence] of sequences.entries()) {
      if ((found.length >= MOST && !missing.has(index)) || !endsWith(window, sequence)) continue;
      missing.delete(index);
      const start = window[window.length - sequence.words.length]?.start as number;
      found.push({ sequence: index, start, end: unit.end });
    }
    if (missing.size === 0 && found.length >= MOST) break;
  }
  return found;
}

function endsWith(units: readonly Unit[], { words, isPrefix }: Sequence) {
  const offset = units.length - words.length;
  if (offset < 0) return false;
  return words.every((word, index) => {
    const unit = units[offset + index] as Unit;
    if (isGlued(words[index - 1], word) && !isGlued(units[offset + index - 1], unit)) return false;
    const isBeginning = isPrefix && index === words.length - 1 && !unit.isCjk && !word.isCjk;
    return unit.folded === word.folded || (isBeginning && unit.folded.startsWith(word.folded));
  });
}

/** Where most of what is searched for stands together. */
function bestStart(occurrences: readonly Occurrence[]): Occurrence {
  let [best, most] = [occurrences[0] as Occurrence, 0];
  for (const [index, first] of occurrences.entries()) {
    const near = new Set<number>();
    for (let at = index; at < occurrences.length; at += 1) {
      const { sequence, end } = occurrences[at] as Occurrence;
      if (end > first.start + LENGTH - BEFORE) break;
      near.add(sequence);
    }
    if (near.size > most) [best, most] = [first, near.size];
  }
  return best;
}

/** Overlapping ones as one. */
function merge(occurrences: readonly Occurrence[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const { start, end } of [...occurrences].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** The next place at or behind `at`, within a word's length, where a word begins; else where a character does. */
function wordStart(text: string, at: number) {
  const space = text.slice(at, at + 20).search(/\s\S/);
  return space < 0 ? characterStart(text, at) : at + space + 1;
}

function wordEnd(text: string, at: number) {
  const space = text.slice(at, at + 20).search(/\s/);
  return space < 0 ? characterStart(text, at) : at + space;
}

/** Not in between the halves of a character. */
function characterStart(text: string, at: number) {
  return /[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at;
}
