/** Chats of the AI SDK on the device, in Chromium with React 18 and 19. With API, also what the service makes of them. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import type { ConversationChat } from '../../src/ai-sdk/react/index.js';
import type { ConversationStore } from '../../src/index.js';
import { chatRoutes, WHOLE } from './chat-route.js';
import { Pages, texts, until, versions } from './pages.js';

const { API } = process.env;
const needsApi = { skip: API ? false : 'API has to name the service' };

/** What the page shows to the test. */
interface Shown {
  chat: ConversationChat;
  store: ConversationStore;
  show: (id: string) => void;
  errors: string[];
}

let pages: Pages;

before(async () => {
  pages = await Pages.serve('chat-page.tsx', chatRoutes(API));
});

after(() => pages?.close());

async function newUser(): Promise<string> {
  const response = await fetch(`${API}/session`, { method: 'POST' });
  return ((await response.json()) as { token: string }).token;
}

const send = (page: Page, text: string, messageId?: string) =>
  page.evaluate(
    ({ text, messageId }) =>
      void (window as never as Shown).chat.sendMessage({ text, ...(messageId && { messageId }) }),
    { text, messageId },
  );

const answers = (page: Page) => texts(page, '[data-role=assistant]');
const questions = (page: Page) => texts(page, '[data-role=user]');
const isReady = (page: Page) => page.locator('output:text-is("ready")').waitFor();
const isWhole = async (page: Page) => WHOLE.test((await answers(page)).at(-1) ?? '');
const untilWord = (page: Page, word: number) => page.locator(`[data-role=assistant]:has-text("word${word}")`).waitFor();
const flush = (page: Page) => page.evaluate(() => (window as never as Shown).store.flush());
const refused = (page: Page) => page.evaluate(() => (window as never as Shown).store.refusedWrites());

for (const version of versions) {
  test(`React ${version}: what is asked and answered is on the device, in every tab, and after a reload`, async () => {
    const { context, page, complaints } = await pages.open(version);
    await isReady(page);
    const { page: other } = await pages.open(version, context);
    await send(page, 'Is it?');
    await until(() => questions(other), ['Is it?']);
    await untilWord(other, 5);
    await until(() => isWhole(page), true);
    await isReady(page);
    await until(() => isWhole(other), true);
    await send(other, 'And quick?');
    await until(async () => (await answers(page)).length, 2);
    await until(() => isWhole(page), true);
    await page.reload();
    await until(() => questions(page), ['Is it?', 'And quick?']);
    assert.equal((await answers(page)).length, 2);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('without a network the conversation is there, and what is asked stays', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'quick');
  await until(() => isWhole(page), true);
  await page.route('**/chat*', (route) => route.abort());
  await send(page, 'Lost?');
  await page.locator('output:text-is("error")').waitFor();
  assert.deepEqual(await questions(page), ['quick', 'Lost?']);
  await page.reload();
  await until(() => questions(page), ['quick', 'Lost?']);
  await page.locator('[data-unanswered=true][data-waiting=false]').waitFor();
  await page.unroute('**/chat*');
  await page.evaluate(() => void (window as never as Shown).chat.regenerate());
  await until(async () => (await answers(page)).length, 2);
  await page.locator('[data-unanswered=false]').waitFor();
  await context.close();
});

test('what is asked without a network is asked again when it is back', needsApi, async () => {
  const { context, page } = await pages.open(`19?token=${await newUser()}`);
  await isReady(page);
  await context.setOffline(true);
  await send(page, 'quick, is it?');
  await page.locator('[data-unanswered=true][data-waiting=true]').waitFor();
  await context.setOffline(false);
  await until(() => isWhole(page), true);
  await isReady(page);
  assert.deepEqual([await questions(page), (await answers(page)).length], [['quick, is it?'], 1]);
  await context.close();
});

test('a question is not asked again whose answer was only lost on its way', needsApi, async () => {
  const { context, page } = await pages.open(`19?token=${await newUser()}`);
  await isReady(page);
  let asked = 0;
  await page.route('**/chat', async (route) => {
    asked++;
    await route.fetch();
    await route.abort();
  });
  await send(page, 'quick, is it?');
  await until(() => isWhole(page), true);
  await page.locator('[data-unanswered=false][data-waiting=false]').waitFor();
  await isReady(page);
  assert.equal(asked, 1);
  assert.equal(await page.locator('[data-versions="1"]').count(), 2);
  await context.close();
});

test(
  'without a network nothing is followed, and when it is back, what the device had heard of is',
  needsApi,
  async () => {
    const { context, page } = await pages.open(`19?token=${await newUser()}`);
    await isReady(page);
    await send(page, 'quick, is it?');
    await until(() => isWhole(page), true);
    let follows = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/chat/c/stream')) follows++;
    });
    await context.setOffline(true);
    await page.evaluate(() => (window as never as Shown).store.updateConversation('c', { activeStreamId: 's' }));
    await until(() => page.evaluate(() => (window as never as Shown).chat.conversation?.activeStreamId), 's');
    await isReady(page);
    assert.equal(follows, 0);
    await context.setOffline(false);
    await until(async () => follows, 1);
    await context.close();
  },
);

test('regenerating and editing keep what was there, and one can switch back', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'quick one');
  await until(() => isWhole(page), true);
  await isReady(page);
  const [first] = await answers(page);
  await page.evaluate(() => void (window as never as Shown).chat.regenerate());
  await page.locator('[data-role=assistant][data-versions="2"]').waitFor();
  await isReady(page);
  const [second] = await answers(page);
  assert.notEqual(second, first);
  const select = (role: string, index: number) =>
    page.evaluate(
      ({ role, index }) => {
        const { chat } = window as never as Shown;
        const id = chat.messages.find((message) => message.role === role)?.id ?? '';
        return chat.selectVersion(chat.siblingIds[id]?.[index] ?? '');
      },
      { role, index },
    );
  await select('assistant', 0);
  await until(() => answers(page), [first]);
  await select('assistant', 1);
  await until(() => answers(page), [second]);
  const id = await page.evaluate(() => (window as never as Shown).chat.messages[0]?.id);
  await send(page, 'quick, but another', id);
  await page.locator('[data-role=user][data-versions="2"]').waitFor();
  await isReady(page);
  await until(() => questions(page), ['quick, but another']);
  await until(() => isWhole(page), true);
  await page.reload();
  await until(() => questions(page), ['quick, but another']);
  await select('user', 0);
  await until(() => questions(page), ['quick one']);
  assert.deepEqual(await answers(page), [second]);
  await context.close();
});

test('a version that is there late does not take the place of what was asked meanwhile', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'quick one');
  await until(() => isWhole(page), true);
  await isReady(page);
  await page.evaluate(() => void (window as never as Shown).chat.regenerate());
  await page.locator('[data-role=assistant][data-versions="2"]').waitFor();
  await isReady(page);
  await page.evaluate(() => {
    const own = window as never as Shown & { arrive: () => void; selected: Promise<void> };
    const { chat, store } = own;
    const arrived = new Promise<void>((resolve) => {
      own.arrive = resolve;
    });
    const switchBranch = store.switchBranch.bind(store);
    store.switchBranch = async (...branch) => {
      await arrived;
      await switchBranch(...branch);
    };
    const [first = ''] = chat.siblingIds[chat.messages.at(-1)?.id ?? ''] ?? [];
    own.selected = chat.selectVersion(first);
  });
  await send(page, 'quick two');
  await until(async () => (await answers(page)).length, 2);
  await isReady(page);
  const shown = await page.evaluate(async () => {
    const own = window as never as Shown & { arrive: () => void; selected: Promise<void> };
    own.arrive();
    await own.selected;
    return (await own.store.getConversation('c'))?.messages.filter(({ type }) => type === 'user').length;
  });
  assert.equal(shown, 2);
  await context.close();
});

test('a stop that is answered late does not stop the next answer', async () => {
  const { context, page } = await pages.open('19');
  let answer = () => {};
  await page.route('**/chat/c/stop', async (route) => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    await route.fulfill({ json: {} });
  });
  await send(page, 'Is it?');
  await untilWord(page, 3);
  await page.evaluate(() => void Object.assign(window, { stopped: (window as never as Shown).chat.stop() }));
  await until(() => isWhole(page), true);
  await isReady(page);
  await send(page, 'And is it?');
  await until(async () => /word3/.test((await answers(page))[1] ?? ''), true);
  answer();
  await page.evaluate(() => (window as never as { stopped: Promise<void> }).stopped);
  await isReady(page);
  assert.equal(await isWhole(page), true);
  await context.close();
});

test('another conversation has its own messages', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'quick');
  await until(() => isWhole(page), true);
  const show = (id: string) => page.evaluate((id) => (window as never as Shown).show(id), id);
  await show('other');
  await until(() => questions(page), []);
  await send(page, 'quick, too');
  await until(() => isWhole(page), true);
  await show('c');
  await until(() => questions(page), ['quick']);
  await context.close();
});

test('a conversation that another tab deletes is shown no more, and what is asked next begins anew', async () => {
  const { context, page } = await pages.open('19');
  const { page: other } = await pages.open('19', context);
  await send(page, 'quick');
  await until(() => isWhole(page), true);
  await isReady(page);
  await other.evaluate(() => (window as never as Shown).store.deleteConversation('c'));
  await until(async () => [await questions(page), await answers(page)], [[], []]);
  await send(page, 'quick, again');
  await until(() => isWhole(page), true);
  await isReady(page);
  await page.reload();
  await until(() => questions(page), ['quick, again']);
  assert.equal((await answers(page)).length, 1);
  await context.close();
});

test('one that is deleted while it is being answered is shown no more when the answer ends', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'Is it?');
  await untilWord(page, 3);
  await page.evaluate(() => (window as never as Shown).store.deleteConversation('c'));
  await until(async () => [await questions(page), await answers(page)], [[], []]);
  await isReady(page);
  await context.close();
});

test('what is asked in a chat that was deleted while it was answered stays on the screen, in every tab', async () => {
  const { context, page } = await pages.open('19');
  await send(page, 'quick');
  await until(() => isWhole(page), true);
  await isReady(page);
  // Before the page has heard of it.
  await page.evaluate(async () => {
    const { chat, store } = window as never as Shown;
    await Promise.all([store.deleteConversation('c'), chat.sendMessage({ text: 'quick, again' })]);
  });
  await isReady(page);
  await until(() => questions(page), ['quick, again']);
  await send(page, 'quick, once more');
  await until(async () => (await answers(page)).length, 2);
  await isReady(page);
  assert.deepEqual(await questions(page), ['quick, again', 'quick, once more']);
  const { page: other } = await pages.open('19', context);
  await until(() => questions(other), ['quick, again', 'quick, once more']);
  await context.close();
});

/** A page of an anonymous user, with a question that waits for the network. `asked` has the header of each question that got through. */
async function withWaitingQuestion() {
  const { context, page } = await pages.open('19?anonymous');
  const asked: string[] = [];
  await isReady(page);
  await send(page, 'quick first');
  await until(() => isWhole(page), true);
  await isReady(page);
  await flush(page);
  // Offline, it would not hear that the server has the whole answer.
  await until(async () => {
    await page.evaluate(() => (window as never as Shown).store.sync());
    return await page.evaluate(() => (window as never as Shown).chat.conversation?.activeStreamId ?? null);
  }, null);
  await context.setOffline(true);
  await send(page, 'quick, is it mine?');
  await page.locator('[data-unanswered=true][data-waiting=true]').waitFor();
  page.on('request', (request) => {
    if (request.url().endsWith('/chat')) asked.push(request.headers().authorization ?? '');
  });
  await page.route('**/api/**', (route) => route.abort());
  await page.route('**/api/session', (route) => route.continue());
  await context.setOffline(false);
  return { context, page, asked };
}

test('a question that waits is not asked in the name of the next user of the device', needsApi, async () => {
  const { context, page, asked } = await withWaitingQuestion();
  await page.evaluate(() => (window as never as Shown).store.startNewSession());
  await page.locator('[data-unanswered=true][data-waiting=false]').waitFor();
  await page.unroute('**/api/**');
  await context.setOffline(true);
  await context.setOffline(false);
  await flush(page);
  // What is on the device went along, and is there to be asked again.
  assert.deepEqual(await questions(page), ['quick first', 'quick, is it mine?']);
  await page.waitForTimeout(1_000);
  assert.deepEqual(asked, []);
  await page.evaluate(() => void (window as never as Shown).chat.regenerate());
  await until(async () => (await answers(page)).length, 2);
  assert.equal(asked.length, 1);
  await context.close();
});

test('a page whose device another user has now, without what was there, shows nothing of it', needsApi, async () => {
  const owner = await fetch(`${API}/session`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await newUser()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'link' }),
  });
  const { code } = (await owner.json()) as { code: string };
  const { context, page, asked } = await withWaitingQuestion();
  const { page: other } = await pages.open('19?anonymous&id=other', context);
  await isReady(other);
  await other.evaluate((code) => (window as never as Shown).store.redeemLinkCode(code, { keepLocal: false }), code);
  await until(async () => [await questions(page), await answers(page)], [[], []]);
  await page.locator('[data-unanswered=false][data-waiting=false]').waitFor();
  await page.unroute('**/api/**');
  await context.setOffline(true);
  await context.setOffline(false);
  await page.waitForTimeout(1_000);
  assert.deepEqual(asked, []);
  await send(page, 'quick, of the next');
  await until(() => isWhole(page), true);
  await isReady(page);
  assert.deepEqual(await questions(page), ['quick, of the next']);
  await flush(page);
  const there = await fetch(`${API}/conversations/c`, { headers: { Authorization: asked[0] ?? '' } });
  const { messages } = (await there.json()) as { messages: { content: string }[] };
  assert.equal(messages[0]?.content, 'quick, of the next');
  assert.equal(messages.length, 2);
  await context.close();
});

test(
  'an answer that is being written when the device gets another user ends, and the page is told',
  needsApi,
  async () => {
    const { context, page } = await pages.open('19?anonymous');
    await isReady(page);
    await send(page, 'slow, is it?');
    await untilWord(page, 2);
    await page.evaluate(() => (window as never as Shown).store.eraseEverything());
    await until(async () => [await questions(page), await answers(page)], [[], []]);
    await isReady(page);
    assert.deepEqual(await page.evaluate(() => (window as never as Shown).errors), ['user_changed']);
    assert.deepEqual(await page.evaluate(() => (window as never as Shown).store.getAllConversations()), []);
    await context.close();
  },
);

test('an answer that the server saves is followed after a reload and on another device', needsApi, async () => {
  const token = await newUser();
  const { context, page } = await pages.open(`19?token=${token}`);
  await isReady(page);
  await send(page, 'slow, is it?');
  await untilWord(page, 5);
  await page.reload();
  await page.locator('output:text-is("streaming")').waitFor();
  // A device that knows of no other one looks when it is opened, and seldom after.
  const { context: elsewhere, page: second } = await pages.open(`19?token=${token}`);
  await second.locator('output:text-is("streaming")').waitFor();
  for (const each of [page, second]) {
    await until(() => isWhole(each), true);
    await isReady(each);
    await flush(each);
    assert.deepEqual([(await questions(each)).length, (await answers(each)).length], [1, 1]);
    assert.deepEqual(await refused(each), []);
  }
  await page.reload();
  await until(() => isWhole(page), true);
  await context.close();
  await elsewhere.close();
});

test('stopping keeps what there is of the answer, here and at the server', needsApi, async () => {
  const token = await newUser();
  const { context, page } = await pages.open(`19?token=${token}`);
  await isReady(page);
  await send(page, 'slow, is it?');
  await untilWord(page, 5);
  await page.evaluate(() => (window as never as Shown).chat.stop());
  await isReady(page);
  const [partial] = await answers(page);
  assert.match(partial ?? '', /word5/);
  assert.doesNotMatch(partial ?? '', /word30/);
  // What the server has by now may be an earlier state, until the writer has learned that it was stopped.
  await page.evaluate(() => (window as never as Shown).store.sync());
  assert.ok((await answers(page))[0]?.startsWith(partial ?? ''));
  await flush(page);
  await page.reload();
  await untilWord(page, 1);
  assert.equal(await isWhole(page), false);
  await send(page, 'quick then');
  await until(async () => (await answers(page)).length, 2);
  await until(() => isWhole(page), true);
  await context.close();
});
