/** The built application in Chromium, against the service that API names. `npm run build` comes before. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Until what the page is expected to show is there, in milliseconds: this machine may be busy. */
const PATIENCE = 60_000;

let address;
let server;
let browser;

before(async () => {
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  server = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '--port', String(port)], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, CONVERSATION_STORE_URL: process.env.API, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (text) => String(text).includes('Ready') && resolve());
    server.on('exit', (code) => reject(new Error(`next start ended with ${code}`)));
  });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: FLAGS });
});

after(async () => {
  await browser?.close();
  server?.kill();
});

async function freePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** A browser of its own: another user, or, with the cookies of another one, that user's second device. */
async function openDevice(cookies = []) {
  const context = await browser.newContext();
  await context.addCookies(cookies);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => assert.fail(String(error)));
  return { context, page };
}

async function newChat(page) {
  await page.goto(address);
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.waitForURL('**/chat/*');
  await until(page, 'ready');
}

const until = (page, status) => page.locator(`output:text-is("${status}")`).waitFor();

async function ask(page, text) {
  await page.locator('input[name=question]').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const answers = (page) => page.locator('article[data-role=assistant]');
const questions = (page) => page.locator('article[data-role=user] p');
const textOf = async (page) => (await answers(page).last().locator('p').last().textContent()) ?? '';
/** Until the answer has come to this word. */
const untilWord = (page, word) => answers(page).last().getByText(`word${word}`).waitFor();

const WHOLE = /^Answer (\d+):( word\d+){49} word50$/;

/** What is kept of an answer that was stopped behind this word: its writer learns of the stop when it saves the next time. */
async function keptAnswer(page, word) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    await page.reload();
    await until(page, 'ready');
    const text = await textOf(page);
    if (text.includes(`word${word}`) || Date.now() > end) return text;
  }
}

test('an answer with a tool streams, survives a reload in the middle, and is on a second device', async () => {
  const { context, page } = await openDevice();
  await newChat(page);
  await ask(page, 'How is the weather in Lisbon?');
  await answers(page).locator('details[data-state=output-available]').waitFor();
  await untilWord(page, 5);
  await page.reload();
  await until(page, 'streaming');
  const second = await openDevice(await context.cookies());
  await second.page.goto(page.url());
  await until(second.page, 'streaming');
  await untilWord(page, 50);
  await untilWord(second.page, 50);
  for (const each of [page, second.page]) {
    await until(each, 'ready');
    assert.match(await textOf(each), WHOLE);
    assert.equal(await answers(each).count(), 1);
    assert.equal(await answers(each).locator('details').count(), 1);
  }
  assert.match((await answers(page).locator('pre').textContent()) ?? '', /"celsius": 27/);
  await page.reload();
  assert.match(await textOf(page), WHOLE);
  await page.getByRole('link', { name: 'How is the weather in Lisbon?' }).waitFor();

  const stranger = await openDevice();
  const response = await stranger.page.goto(page.url());
  assert.equal(response.status(), 404, 'nobody else sees it');
});

test('regenerating and editing keep what was there, and one can switch back', async () => {
  const { page } = await openDevice();
  await newChat(page);
  await ask(page, 'First question');
  await untilWord(page, 50);
  await until(page, 'ready');
  const first = await textOf(page);
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await page.getByText('2 of 2').waitFor();
  const second = await textOf(page);
  assert.notEqual(second, first);
  await page.getByRole('button', { name: '‹' }).click();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await textOf(page), first);
  await page.reload();
  assert.equal(await textOf(page), first, 'the server knows which');
  await page.getByRole('button', { name: '›' }).click();
  await page.getByText('2 of 2').waitFor();
  assert.equal(await textOf(page), second);

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.locator('input[name=edit]').fill('Edited question');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('article[data-role=user]').getByText('2 of 2').waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['Edited question']);
  assert.match(await textOf(page), WHOLE);
  await page.reload();
  assert.deepEqual(await questions(page).allTextContents(), ['Edited question']);
  await page.locator('article[data-role=user]').getByRole('button', { name: '‹' }).click();
  await page.locator('article[data-role=user]').getByText('1 of 2').waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['First question']);
  assert.equal(await textOf(page), second);
});

test('stopping keeps the partial answer, and the chat goes on', async () => {
  const { page } = await openDevice();
  await newChat(page);
  await ask(page, 'A long one');
  await untilWord(page, 10);
  await page.getByRole('button', { name: 'Stop' }).click();
  await until(page, 'ready');
  const partial = await keptAnswer(page, 10);
  assert.match(partial, /^Answer \d+: word1 .*word10/);
  assert.doesNotMatch(partial, /word50/);
  await ask(page, 'And now?');
  await untilWord(page, 50);
  await until(page, 'ready');
  assert.equal(await answers(page).count(), 2);
  await page.reload();
  assert.deepEqual(await questions(page).allTextContents(), ['A long one', 'And now?']);
  assert.match(await textOf(page), WHOLE);
});

test('the API is at this address as well, but for the routes of the application', async () => {
  const session = await fetch(`${address}/api/session`, { method: 'POST' });
  const { token } = await session.json();
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const changes = (await fetch(`${address}/api/sync`, { headers })).body.getReader();
  const { value } = await changes.read();
  await changes.cancel();
  assert.match(new TextDecoder().decode(value), /event: sync/);
  const unknown = await fetch(`${address}/api/chat/none/stream`, { headers });
  assert.notEqual(unknown.status, 200);
  assert.equal(unknown.headers.get('x-request-id'), null, 'the application answered');
});
