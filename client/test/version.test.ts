/** One version for the service and the client, and a changelog that knows of it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the service, the client and their lock files have one version', () => {
  const { version } = JSON.parse(read('client/package.json'));
  const lock = JSON.parse(read('client/package-lock.json'));
  assert.deepEqual([lock.version, lock.packages[''].version], [version, version]);
  assert.equal(/^\[workspace\.package\][^[]*^version = "(.+?)"/ms.exec(read('Cargo.toml'))?.[1], version);
  assert.equal(/^name = "conversation-store"\nversion = "(.+?)"/m.exec(read('Cargo.lock'))?.[1], version);
});

test('the changelog has what is to be released first, or has been last', () => {
  const { version } = JSON.parse(read('client/package.json'));
  const [first = '', second = ''] = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map(
    ([, heading]) => heading ?? '',
  );
  assert.equal(first, 'Unreleased');
  if (second !== '') assert.match(second, new RegExp(`^${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d\\d-\\d\\d\\)$`));
});
