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
  const command = ['node_modules/vite/bin/vite.js', 'preview', '--host', '127.0.0.1', '--port', String(port)];
  server = spawn(process.execPath, [...command, '--strictPort'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, CONVERSATION_STORE_URL: process.env.API, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (text) => String(text).includes('Local:') && resolve());
    server.on('exit', (code) => reject(new Error(`vite preview ended with ${code}`)));
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
  // assistant-ui writes there what it could not load or save.
  page.on('console', (line) => assert.ok(line.type() !== 'error' || isLost(line), line.text()));
  const writes = { inFlight: 0, sent: [] };
  const isWrite = (request) => request.url().includes('/api/') && request.method() !== 'GET';
  const ended = (request) => isWrite(request) && writes.inFlight--;
  page.on('request', (request) => {
    if (!isWrite(request)) return;
    writes.inFlight++;
    writes.sent.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  page.on('requestfinished', ended);
  page.on('requestfailed', ended);
  return { context, page, writes };
}

/** What Chromium says of a request that a test has lost. */
const isLost = (line) => line.text().includes('net::ERR_FAILED');

const ready = (page) => page.locator('output:text-is("ready")').waitFor();

async function ask(page, text) {
  await page.getByRole('textbox', { name: 'Question', exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const answers = (page) => page.locator('article[data-role=assistant]');
const questions = (page) => page.locator('article[data-role=user] p');
const textOf = async (page) => (await answers(page).last().locator('p').last().textContent()) ?? '';
const thread = (page, list, title) =>
  page.getByRole('region', { name: list, exact: true }).locator('.thread-item', { hasText: title });

/** Until the answer is there and so many messages were appended: a question when it is asked, an answer when it has ended. */
async function saved({ page, writes }, appended) {
  await answers(page).last().getByText('word20').waitFor();
  await ready(page);
  const count = () => writes.sent.filter((write) => write.endsWith('/messages')).length;
  await until(
    () => count() >= appended && writes.inFlight === 0,
    () => `saved: ${writes.sent.join(', ')}`,
  );
}

async function until(condition, what) {
  const end = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const WHOLE = /^Answer (\d+):( word\d+){19} word20$/;

test('an answer with a tool streams, is there after a reload and on a second device, and for nobody else', async () => {
  const device = await openDevice();
  const { context, page } = device;
  await page.goto(address);
  await ask(page, 'How is the weather in Lisbon?');
  await answers(page).locator('details[data-done=true]').waitFor();
  await saved(device, 2);
  await page.waitForURL('**/#thread-*');
  assert.match(await textOf(page), WHOLE);
  await thread(page, 'Threads', 'How is the weather in Lisbon?').waitFor();

  const text = await textOf(page);
  await page.reload();
  const second = await openDevice(await context.storageState());
  await second.page.goto(address);
  await thread(second.page, 'Threads', 'How is the weather').getByRole('button').first().click();
  for (const each of [page, second.page]) {
    await answers(each).locator('details[data-done=true]').waitFor();
    assert.deepEqual(await questions(each).allTextContents(), ['How is the weather in Lisbon?']);
    assert.equal(await answers(each).count(), 1);
    assert.equal(await textOf(each), text);
    assert.match((await answers(each).locator('pre').textContent()) ?? '', /"celsius": 27/);
  }

  await ask(second.page, 'And tomorrow?');
  await saved(second, 2);
  await page.reload();
  await page.getByText('And tomorrow?').first().waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['How is the weather in Lisbon?', 'And tomorrow?']);

  const otherUser = await openDevice();
  await otherUser.page.goto(address);
  await ask(otherUser.page, 'Who am I?');
  await saved(otherUser, 2);
  assert.equal(await thread(otherUser.page, 'Threads', 'weather').count(), 0, 'nobody else sees it');
});

test('a question is kept where the page is closed before it is answered', async () => {
  const device = await openDevice();
  const { page, writes } = device;
  await page.goto(address);
  await ask(page, 'Are you there?');
  await answers(page).last().getByText('word2').waitFor();
  await page.waitForURL('**/#thread-*');
  await until(
    () => writes.sent.some((write) => write.endsWith('/messages')) && writes.inFlight === 0,
    () => 'kept',
  );
  await page.reload();
  await questions(page).first().waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['Are you there?']);
  assert.equal(await answers(page).count(), 0);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edited question' }).fill('Are you there now?');
  await page.getByRole('button', { name: 'Save' }).click();
  await saved(device, 3);
  assert.deepEqual(await questions(page).allTextContents(), ['Are you there now?']);
});

test('regenerating and editing keep what was there, and the branch that is shown stays', async () => {
  const device = await openDevice();
  const { page, writes } = device;
  await page.goto(address);
  await ask(page, 'First question');
  await saved(device, 2);
  const first = await textOf(page);
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await page.getByText('2 of 2').waitFor();
  await saved(device, 3);
  const second = await textOf(page);
  assert.notEqual(second, first);

  await page.getByRole('button', { name: '‹' }).click();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await textOf(page), first);
  await until(
    () => writes.sent.some((write) => write.startsWith('PATCH')) && writes.inFlight === 0,
    () => 'switched',
  );
  await page.reload();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await textOf(page), first, 'the server knows which');
  await page.getByRole('button', { name: '›' }).click();
  await page.getByText('2 of 2').waitFor();
  assert.equal(await textOf(page), second);

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edited question' }).fill('Edited question');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('article[data-role=user]').getByText('2 of 2').waitFor();
  await saved(device, 5);
  await page.reload();
  await page.locator('article[data-role=user]').getByText('2 of 2').waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['Edited question']);
  assert.match(await textOf(page), WHOLE);
  await page.locator('article[data-role=user]').getByRole('button', { name: '‹' }).click();
  await page.locator('article[data-role=user]').getByText('1 of 2').waitFor();
  assert.deepEqual(await questions(page).allTextContents(), ['First question']);
  assert.equal(await answers(page).getByText('of 2').count(), 1, 'with both its answers');
});

test('where answers of the service are lost, nothing is lost and nothing is there twice', async () => {
  const device = await openDevice();
  const { context, page } = device;
  const seen = new Set();
  await page.route('**/api/conversations**', async (route) => {
    const request = route.request();
    const key = request.headers()['idempotency-key'];
    if (!key || seen.has(key)) return await route.continue();
    seen.add(key);
    await route.fetch();
    await route.abort();
  });
  await page.goto(address);
  await ask(page, 'Does it arrive?');
  await saved(device, 4);
  const text = await textOf(page);
  const second = await openDevice(await context.storageState());
  await second.page.goto(address);
  await thread(second.page, 'Threads', 'Does it arrive?').getByRole('button').first().click();
  await answers(second.page).first().waitFor();
  assert.equal(await textOf(second.page), text);
  assert.equal(await second.page.locator('article').count(), 2);
  assert.equal(await second.page.locator('.thread-item').count(), 1);
});

test('archiving, restoring and deleting are seen by a second device', async () => {
  const device = await openDevice();
  const { context, page, writes } = device;
  await page.goto(address);
  await ask(page, 'Keep this one');
  await saved(device, 2);
  await page.getByRole('button', { name: 'New thread' }).first().click();
  await ask(page, 'File this one');
  await saved(device, 4);
  await thread(page, 'Threads', 'File this one').getByRole('button', { name: 'Archive' }).click();
  await thread(page, 'Archive', 'File this one').waitFor();
  await until(
    () => writes.inFlight === 0,
    () => 'archived',
  );

  const second = await openDevice(await context.storageState());
  await second.page.goto(address);
  await thread(second.page, 'Archive', 'File this one').getByRole('button', { name: 'Restore' }).click();
  await thread(second.page, 'Threads', 'File this one').waitFor();
  await thread(second.page, 'Threads', 'Keep this one').getByRole('button', { name: 'Delete' }).click();
  await until(
    () => second.writes.sent.length === 2 && second.writes.inFlight === 0,
    () => 'deleted',
  );
  await page.goto(address);
  await thread(page, 'Threads', 'File this one').waitFor();
  assert.equal(await thread(page, 'Threads', 'Keep this one').count(), 0);
  assert.equal(await thread(page, 'Archive', 'File this one').count(), 0);
});
