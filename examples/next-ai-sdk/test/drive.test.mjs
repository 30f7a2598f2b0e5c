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

/** A browser of its own: another user, or, with what another one has kept, that user's second device. */
async function openDevice(storageState) {
  const context = await browser.newContext({ storageState });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => assert.fail(String(error)));
  return { context, page };
}

/** A second device of the same user, that shows the same chat. It has the session of the first, and none of its chats. */
async function openSecond({ context, page }) {
  const second = await openDevice(await context.storageState());
  await second.page.goto(page.url());
  return second.page;
}

/** The header of a user who has nothing yet. */
async function newUser() {
  const response = await fetch(`${address}/api/session`, { method: 'POST' });
  const { token } = await response.json();
  return { authorization: `Bearer ${token}` };
}

async function newChat(page) {
  if (!page.url().startsWith(address)) await page.goto(address);
  const before = page.url();
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.waitForURL((url) => url.searchParams.has('chat') && url.href !== before);
  await until(page, 'ready');
}

const until = (page, status) => page.locator(`output:text-is("${status}")`).waitFor();

async function ask(page, text) {
  await page.locator('input[name=question]').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const answers = (page) => page.locator('article[data-role=assistant]');
const textOf = async (page) => (await answers(page).last().locator('p').last().textContent()) ?? '';
/** Until the answer has come to this word. */
const untilWord = (page, word) => answers(page).last().getByText(`word${word}`).waitFor();

/** Until these are the questions that are shown, and the last of them has its whole answer. */
async function untilAnswered(page, ...expected) {
  await page.waitForFunction((expected) => {
    const texts = [...document.querySelectorAll('article[data-role=user] p')].map((each) => each.textContent);
    return JSON.stringify(texts) === JSON.stringify(expected);
  }, expected);
  await page.locator('article[data-role=assistant]:last-of-type').getByText('word50').waitFor();
  await until(page, 'ready');
  assert.match(await textOf(page), WHOLE);
  assert.equal(await answers(page).count(), expected.length);
}

const WHOLE = /^Answer (\d+):( word\d+){49} word50$/;

/** What is kept of an answer that was stopped behind this word: its writer learns of the stop when it saves the next time. */
async function keptAnswer(page, word) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    await page.reload();
    await answers(page).waitFor();
    await until(page, 'ready');
    const text = await textOf(page);
    if (text.includes(`word${word}`) || Date.now() > end) return text;
  }
}

test('an answer with a tool streams, survives a reload in the middle, and is on a second device', async () => {
  const device = await openDevice();
  const { page } = device;
  await newChat(page);
  await ask(page, 'Hello');
  await untilAnswered(page, 'Hello');
  const second = await openSecond(device);
  await untilAnswered(second, 'Hello');
  await ask(page, 'How is the weather in Lisbon? Say it slowly.');
  await answers(page).locator('details[data-state=output-available]').waitFor();
  await untilWord(page, 5);
  await Promise.all([page.reload(), second.reload()]);
  await Promise.all([until(page, 'streaming'), until(second, 'streaming')]);
  for (const each of [page, second]) {
    await untilAnswered(each, 'Hello', 'How is the weather in Lisbon? Say it slowly.');
    assert.equal(await answers(each).locator('details').count(), 1);
  }
  assert.match((await answers(page).locator('pre').textContent()) ?? '', /"celsius": 27/);
  await page.reload();
  await untilAnswered(page, 'Hello', 'How is the weather in Lisbon? Say it slowly.');
  await page.getByRole('link', { name: 'Hello' }).waitFor();

  const id = new URL(page.url()).searchParams.get('chat');
  const response = await fetch(`${address}/api/chat/${id}/stream`, { headers: await newUser() });
  assert.equal(response.status, 404, 'nobody else sees it');
});

test('regenerating and editing keep what was there, and one can switch back', async () => {
  const { page } = await openDevice();
  await newChat(page);
  await ask(page, 'First question');
  await untilAnswered(page, 'First question');
  const first = await textOf(page);
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await page.getByText('2 of 2').waitFor();
  const second = await textOf(page);
  assert.notEqual(second, first);
  await page.getByRole('button', { name: '‹' }).click();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await textOf(page), first);
  await page.reload();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await textOf(page), first, 'the device knows which');
  await page.getByRole('button', { name: '›' }).click();
  await page.getByText('2 of 2').waitFor();
  assert.equal(await textOf(page), second);

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.locator('input[name=edit]').fill('Edited question');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('article[data-role=user]').getByText('2 of 2').waitFor();
  await untilAnswered(page, 'Edited question');
  await page.reload();
  await untilAnswered(page, 'Edited question');
  await page.locator('article[data-role=user]').getByRole('button', { name: '‹' }).click();
  await page.locator('article[data-role=user]').getByText('1 of 2').waitFor();
  await untilAnswered(page, 'First question');
  assert.equal(await textOf(page), second);
});

test('stopping keeps the partial answer, and the chat goes on', async () => {
  const { page } = await openDevice();
  await newChat(page);
  await ask(page, 'Answer slowly');
  await untilWord(page, 10);
  await page.getByRole('button', { name: 'Stop' }).click();
  await until(page, 'ready');
  const partial = await keptAnswer(page, 10);
  assert.match(partial, /^Answer \d+: word1 .*word10/);
  assert.doesNotMatch(partial, /word50/);
  await ask(page, 'And now?');
  await untilAnswered(page, 'Answer slowly', 'And now?');
  await page.reload();
  await untilAnswered(page, 'Answer slowly', 'And now?');
});

test('without the service the chats are there; what is asked without a network is asked again when it is back', async () => {
  const device = await openDevice();
  const { context, page } = device;
  for (const question of ['First question', 'Second question']) {
    await newChat(page);
    await ask(page, question);
    await untilAnswered(page, question);
  }
  // The page comes from the application's server. Nothing else does.
  await context.route('**/api/**', (route) => route.abort());
  await page.reload();
  await untilAnswered(page, 'Second question');
  await context.setOffline(true);
  await context.unroute('**/api/**');
  await page.getByRole('link', { name: 'First question' }).click();
  await untilAnswered(page, 'First question');
  await ask(page, 'Typed offline');
  await page.getByText('It is asked when you are online again.').waitFor();
  assert.equal(await page.locator('main').getByRole('alert').count(), 0);
  await page.getByRole('link', { name: 'Second question' }).click();
  await untilAnswered(page, 'Second question');
  await page.getByRole('link', { name: 'First question' }).click();
  await page.getByText('Typed offline').waitFor();

  await page.getByRole('button', { name: 'Ask again' }).click();
  await page.getByText('It is asked when you are online again.').waitFor();
  await context.setOffline(false);
  await untilAnswered(page, 'First question', 'Typed offline');
  const second = await openSecond(device);
  await untilAnswered(second, 'First question', 'Typed offline');
  assert.equal(await textOf(second), await textOf(page));
  assert.equal(await second.getByText('of 2').count(), 0, 'it was answered once');
  await second.getByRole('link').nth(1).waitFor();
  assert.deepEqual(await second.getByRole('link').allTextContents(), ['First question', 'Second question']);
});

test('the API is at this address as well, but for the routes of the application; these are for those with a token', async () => {
  const headers = { ...(await newUser()), accept: 'text/event-stream' };
  const changes = (await fetch(`${address}/api/sync`, { headers })).body.getReader();
  const { value } = await changes.read();
  await changes.cancel();
  assert.match(new TextDecoder().decode(value), /event: sync/);
  const unknown = await fetch(`${address}/api/chat/none/stream`, { headers });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.headers.get('x-request-id'), null, 'the application answered');
  for (const headers of [{}, { authorization: 'Bearer forged' }]) {
    assert.equal((await fetch(`${address}/api/chat/none/stream`, { headers })).status, 401);
  }
});
