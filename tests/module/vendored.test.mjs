/** Vendored libraries are those of their npm packages. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const PACKAGES = [{ name: 'lean-qr', folder: '../../public/vendor/lean-qr/' }];

/** Files beside them that do not belong to the package. */
const OWN = new Set(['README.md', 'index.d.mts']);

const url = (path) => new URL(path, import.meta.url);

for (const { name, folder } of PACKAGES) {
  test(`${name} is the published one`, (t) => {
    const installed = `node_modules/${name}/`;
    if (!existsSync(url(installed)) && process.env.REQUIRE_ALL !== '1') {
      t.skip(`${name} is missing (npm ci in tests/module)`);
      return;
    }
    const { version } = JSON.parse(readFileSync(url(`${installed}package.json`)));
    assert.ok(readFileSync(url(`${folder}README.md`), 'utf8').startsWith(`# ${name} ${version}\n`));
    const files = readdirSync(url(folder)).filter((file) => !OWN.has(file));
    assert.ok(files.includes('LICENSE'));
    for (const file of files) {
      assert.deepEqual(readFileSync(url(folder + file)), readFileSync(url(installed + file)), file);
    }
  });
}
