/** Where the items of a file end: the same in chunks of any size. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ItemScanner } from '../src/import-file/items.js';

/** The form, the items, and whether the source is whole; read in chunks that end where `cut` says. */
function scan(source: string, isLines: boolean, cut: (at: number) => number) {
  const bytes = new TextEncoder().encode(source);
  const scanner = new ItemScanner(isLines);
  const items = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.max(at + 1, cut(at));
    items.push(...scanner.push(bytes.subarray(at, end)));
    at = end;
  }
  const { items: rest, isWhole } = scanner.end();
  const texts = [...items, ...rest].map(({ bytes }) => new TextDecoder().decode(bytes ?? undefined));
  return { form: scanner.form, texts, isWhole };
}

const LONG = `{"text":"${'\\"é]}'.repeat(50)}"}`;

const SOURCES: [source: string, form: string, texts: string[], isWhole?: boolean][] = [
  ['{"a":1}\n\n{"b":2}\nlast', 'lines', ['{"a":1}\n\n', '{"b":2}\n', 'last']],
  ['\u{feff} [ {"a":"]}\\""} , [1,{}] ,2, "x,"] ', 'array', ['{"a":"]}\\""}', '[1,{}]', '2', '"x,"']],
  [
    '{"version":{"conversations":[0]}, "conversations" : [1, {"conversations":[2]}], "more":[3]}',
    'array',
    ['1', '{"conversations":[2]}'],
  ],
  [
    '{"x":"conversations","y":[1],"conversations":{"z":[2]}}',
    'whole',
    ['{"x":"conversations","y":[1],"conversations":{"z":[2]}}'],
  ],
  ['{ "mapping": {"a\\\\": []} }\n', 'whole', ['{ "mapping": {"a\\\\": []} }\n']],
  [`[${LONG},${LONG}]`, 'array', [LONG, LONG]],
  ['[]', 'array', []],
  ['', 'whole', []],
  ['cut off"}\n{"a":1}', 'lines', ['cut off"}\n', '{"a":1}']],
  ['[{"a":1},{"b', 'array', ['{"a":1}'], false],
  ['[{"a":1}', 'array', ['{"a":1}'], false],
  ['{"a":', 'whole', [], false],
];

test('items end where they end, wherever the source is cut', () => {
  for (const [source, form, texts, isWhole = true] of SOURCES) {
    const expected = { form, texts, isWhole };
    assert.deepEqual(
      scan(source, false, () => source.length * 4),
      expected,
      source,
    );
    for (const size of [1, 2, 3, 7])
      assert.deepEqual(
        scan(source, false, (at) => at + size),
        expected,
        source,
      );
    for (let first = 1; first < source.length; first += 1) {
      assert.deepEqual(
        scan(source, false, (at) => (at < first ? first : Infinity)),
        expected,
        `${source} at ${first}`,
      );
    }
  }
});

test('lines are lines where the name says so, however the first one begins', () => {
  const { texts } = scan('{"cut off": [\n{"a":1}\n', true, (at) => at + 5);
  assert.deepEqual(texts, ['{"cut off": [\n', '{"a":1}\n']);
});
