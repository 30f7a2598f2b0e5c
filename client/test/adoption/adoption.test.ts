/**
 * A frontend that keeps its conversations in localStorage adopts the packed client: `frontend/` is as it was, `adopt.patch` is all
 * that its developers change. What it kept is there afterwards, and nothing is lost that two tabs write.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { chatRoutes } from '../react/chat-route.js';
import { bundle, Pages, texts, until } from '../react/pages.js';

const CLIENT = fileURLToPath(new URL('../..', import.meta.url));
const FRONTEND = fileURLToPath(new URL('frontend', import.meta.url));
const PATCH = fileURLToPath(new URL('adopt.patch', import.meta.url));

/** Fewer lines than this, added and removed together. */
const MOST_LINES = 30;

const { API } = process.env;
const options = {
  skip: API && existsSync(join(CLIENT, 'dist')) ? false : 'API has to name the service, and dist be built',
};

let folder: string;
let pages: Pages;

before(async () => {
  if (options.skip) return;
  folder = mkdtempSync(join(tmpdir(), 'adoption-'));
  const scripts = new Map([
    ['/before.js', await bundle(join(copyOf('before'), 'src/main.tsx'))],
    ['/after.js', await bundle(join(adopted(), 'src/main.tsx'))],
  ]);
  const passOn = chatRoutes(API);
  pages = await Pages.serveScripts(scripts, (request, response) => {
    if (request.url !== '/answer') return passOn(request, response);
    void answer(request, response);
    return true;
  });
});

after(async () => {
  await pages?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The frontend, with its packages: those that are not the client's come from where the client has its own. */
function copyOf(name: string): string {
  const copy = join(folder, name);
  cpSync(FRONTEND, copy, { recursive: true });
  mkdirSync(join(copy, 'node_modules/@types'), { recursive: true });
  for (const name of ['react', 'react-dom', '@types/react', '@types/react-dom']) {
    symlinkSync(join(CLIENT, 'node_modules', name), join(copy, 'node_modules', name));
  }
  return copy;
}

/** The frontend with the patch, and with the client as npm unpacks it. */
function adopted(): string {
  const copy = copyOf('after');
  execFileSync('git', ['apply', PATCH], { cwd: copy });
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: CLIENT,
    encoding: 'utf8',
  });
  const unpacked = join(copy, 'node_modules/conversation-store');
  mkdirSync(unpacked);
  execFileSync('tar', ['-xzf', join(folder, packed.trim()), '-C', unpacked, '--strip-components=1']);
  return copy;
}

/** Twenty pieces, ten a second. */
async function answer(request: IncomingMessage, response: ServerResponse) {
  request.resume();
  for (let word = 1; word <= 20; word++) {
    response.write(` word${word}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  response.end();
}

const messages = (page: Page) => texts(page, 'article');
const WHOLE = Array.from({ length: 20 }, (_, index) => ` word${index + 1}`).join('');

async function send(page: Page, text: string) {
  await page.fill('input', text);
  await page.getByRole('button', { name: 'Send' }).click();
}

test('the patch has fewer than 30 lines, in the frontend alone', options, () => {
  const numbers = execFileSync('git', ['apply', '--numstat', PATCH], { cwd: folder, encoding: 'utf8' });
  const lines = numbers
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const changed = lines.reduce((sum, [added, removed]) => sum + Number(added) + Number(removed), 0);
  console.log(numbers + changed);
  assert.ok(changed < MOST_LINES, `${changed} lines`);
});

test('the frontend compiles before and after', options, () => {
  const compiler = join(CLIENT, 'node_modules/typescript/bin/tsc');
  for (const name of ['before', 'after']) execFileSync('node', [compiler, '--project', join(folder, name)]);
});

test('what the frontend kept is there, and two tabs that write at once lose nothing', options, async () => {
  const { context, page: old } = await pages.open('before');
  await send(old, 'Asked before');
  await until(() => messages(old), ['Asked before', WHOLE]);
  await old.close();

  const { page, complaints } = await pages.open('after', context);
  await until(() => messages(page), []);
  await page.getByRole('button', { name: 'Asked before', exact: true }).click();
  await until(() => messages(page), ['Asked before', WHOLE]);
  const { page: other } = await pages.open('after', context);
  await until(() => messages(other), ['Asked before', WHOLE]);

  await send(page, 'First tab');
  await until(async () => (await messages(other)).includes('First tab'), true);
  await send(other, 'Second tab');
  const isDone = async (each: Page) => (await messages(each)).filter((text) => text === WHOLE).length === 3;
  for (const each of [page, other]) {
    await until(() => isDone(each), true);
    assert.deepEqual((await messages(each)).slice().sort(), [
      WHOLE,
      WHOLE,
      WHOLE,
      'Asked before',
      'First tab',
      'Second tab',
    ]);
  }
  await page.reload();
  await until(() => isDone(page), true);
  assert.equal((await messages(page)).length, 6);
  assert.deepEqual(complaints, []);

  await page.getByRole('button', { name: 'Delete Asked before' }).click();
  await until(() => messages(other), []);
  await context.close();
});
