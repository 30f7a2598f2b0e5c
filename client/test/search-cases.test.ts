/** The device finds what the server finds: the cases that both are held to. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { excerptOf } from '../src/search/excerpt.js';
import { searchTextOf } from '../src/search/message-text.js';
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

test('what tools were given and returned is searched, and what else the parts of a message say', () => {
  const parts = [
    { type: 'tool_use', name: 'Bash', input: { command: 'git bisect\nneedle', n: [7] } },
    { type: 'function_call', name: 'f', arguments: '{"command":"needle"}' },
    { type: 'tool-call', toolName: 'f', argsText: '{"command":"needle' },
    { type: 'tool-read', state: 'output-available', input: {}, output: { type: 'text', value: 'needle' } },
    { type: 'tool_result', content: [{ type: 'text', text: 'needle' }] },
    { type: 'dynamic-tool', toolName: 'needle', state: 'input-available' },
    { type: 'tool-needle', state: 'output-error', errorText: 'no' },
    { type: 'function_call_output', output: 'needle' },
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'needle' }] },
    { type: 'document', source: { type: 'text', data: 'needle' } },
    { type: 'document', title: 'needle', source: { type: 'base64', data: 'AAAA' } },
    { type: 'search_result', title: 't', content: [{ type: 'text', text: 'needle' }] },
    { type: 'text', text: { value: 'needle', annotations: [] } },
    { type: 'code_interpreter_call', code: 'x', outputs: [{ type: 'logs', logs: 'a needle' }] },
    { type: 'message', content: [{ type: 'output_text', text: 'needle' }] },
  ];
  for (const part of parts) {
    const text = searchTextOf({ content: 'Something else', parts: [part] });
    assert.match(text, /^Something else\n\n.*\bneedle\b/s, JSON.stringify(part));
  }
  const said = { content: 'Said.\n\n[tool: x]', parts: [{ type: 'text', text: 'Said.' }] };
  assert.equal(searchTextOf(said), said.content);
  assert.equal(searchTextOf({ parts: [{ type: 'image', source: { data: 'A'.repeat(500) } }] }), '');
});
