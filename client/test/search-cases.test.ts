/** The device finds what the server finds: the cases that both are held to. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { excerptOf } from '../src/search/excerpt.js';
import { parseQuery } from '../src/search/query.js';
import { rank } from '../src/search/ranking.js';
import { SegmentBuilder } from '../src/search/segment.js';

interface Case {
  query: string;
  text: string;
  marked: string[];
}

const file = new URL('../../tests/search-cases.json', import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(file, 'utf8'));

test('words are the same here as at the server', () => {
  for (const { query, text, marked } of cases) {
    // Behind a space nothing is being typed any more.
    const parsed = parseQuery(`${query} `);
    const found = excerptOf(text, parsed);
    const texts = found?.marks.map(([start, length]) => found.excerpt.slice(start, start + length));
    assert.deepEqual(texts ?? [], marked, `${query} in ${text}`);
    const builder = new SegmentBuilder();
    builder.add('m', text);
    const candidates = rank([builder.build('c', 0)], parsed);
    assert.ok(marked.length === 0 || candidates.length === 1, `${query} in the index of ${text}`);
  }
});
