/**
 * The client's own index beside MiniSearch, with the same words: `npm run bench:search`. 50 conversations of 100 messages, of
 * words as frequent as in a language, the same every time.
 */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import MiniSearch from 'minisearch';

import { parseQuery } from '../src/search/query.js';
import { rank } from '../src/search/ranking.js';
import { fromRecord, SegmentBuilder, toRecord } from '../src/search/segment.js';
import { termsOf } from '../src/search/tokens.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

let seed = 1;
const random = () => {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647;
};
const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz';
const letter = () => LETTERS[Math.floor(random() ** 1.7 * LETTERS.length)];
const wordOf = (length: number) => Array.from({ length }, letter).join('');
const vocabulary = Array.from({ length: 12_000 }, () => wordOf(2 + Math.floor(random() * 8)));
const word = () => vocabulary[Math.floor(random() ** 3.5 * vocabulary.length)] as string;
const text = () => Array.from({ length: 20 + Math.floor(random() * 160) }, word).join(' ');
const conversations = Array.from({ length: 50 }, (_, at) => ({
  id: `c${at}`,
  messages: Array.from({ length: 100 }, (__, index) => ({ id: `c${at}-${index}`, text: text() })),
}));
const sought = Array.from({ length: 12 }, () => `${word()} ${word()}`);
const typed = sought.flatMap((words) => Array.from({ length: words.length }, (_, end) => words.slice(0, end + 1)));

function timed<T>(work: () => T): [T, number] {
  const began = performance.now();
  const value = work();
  return [value, performance.now() - began];
}

async function gzippedSize(entry: string) {
  const options = { bundle: true, minify: true, write: false, format: 'esm' as const, legalComments: 'none' as const };
  const { outputFiles = [] } = await build({ ...options, entryPoints: [entry] });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

interface Index {
  what: string;
  size: number;
  index: number;
  stored: number;
  load: number;
  search(query: string): number;
}

/** By conversation: that is what a save stores anew. */
async function own(): Promise<Index> {
  const [built, index] = timed(() =>
    conversations.map(({ id, messages }) => {
      const builder = new SegmentBuilder();
      for (const message of messages) builder.add(message.id, message.text);
      return builder.build(id, 0);
    }),
  );
  const records = built.map((segment, stamp) => toRecord(segment, stamp));
  const stored = records.flatMap((record) => Object.values(record).map(bytesOf)).reduce((a, b) => a + b);
  const [segments, load] = timed(() => structuredClone(records).map(fromRecord));
  const size = await gzippedSize(join(ROOT, 'src', 'search', 'device-index.ts'));
  const search = (query: string) => rank(segments, parseQuery(query)).length;
  return { what: 'own', size, index, stored, load, search };
}

function bytesOf(value: string | number | Uint32Array) {
  if (typeof value === 'number') return 8;
  return typeof value === 'string' ? value.length : value.byteLength;
}

async function miniSearch(): Promise<Index> {
  const options = { fields: ['text'], tokenize: termsOf, processTerm: (term: string) => term };
  const created = new MiniSearch(options);
  const [, index] = timed(() => created.addAll(conversations.flatMap(({ messages }) => messages)));
  const json = JSON.stringify(created);
  const [loaded, load] = timed(() => MiniSearch.loadJSON(json, options));
  const entry = join(ROOT, 'node_modules', 'minisearch', 'dist', 'es', 'index.js');
  const prefix = (_: string, at: number, terms: string[]) => at === terms.length - 1;
  const search = (query: string) => loaded.search(query, { combineWith: 'AND', prefix }).length;
  return { what: 'MiniSearch', size: await gzippedSize(entry), index, stored: json.length, load, search };
}

for (const { what, size, index, stored, load, search } of [await own(), await miniSearch()]) {
  for (const query of typed) search(query);
  const times = typed.map((query) => timed(() => search(query))[1]).sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)]?.toFixed(2);
  console.log(
    `${what}: ${size} bytes gzipped; 5,000 messages indexed in ${index.toFixed(0)} ms, ${(stored / 1e6).toFixed(1)} MB stored, ` +
      `loaded in ${load.toFixed(0)} ms; ${times.length} queries as they are typed: ${at(0.5)} ms (median), ${at(0.95)} ms (p95)`,
  );
}
