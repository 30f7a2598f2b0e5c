/** An account takes what an anonymous user wrote without a server: nothing is lost or doubled, whatever happens meanwhile. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryDatabase, type LocalDatabase, type StoreOptions } from '../src/index.js';
import { localStore } from './helpers.js';

const timestamp = '2026-01-01T00:00:00.000Z';
const message = (id: string, content = id) => ({ id, type: 'user' as const, content, timestamp });

type Run = LocalDatabase['run'];

/** Tabs of one browser whose account was never online. `interrupt` is awaited after each write to that database. */
function browser() {
  const databases = new Map<string, LocalDatabase>();
  const interrupt: Record<string, () => unknown> = {};
  const openDatabase = async (name: string) => {
    const known = databases.get(name);
    if (known) return known;
    const database = createMemoryDatabase();
    const run = database.run.bind(database) as Run;
    database.run = async (mode, work) => {
      const result = await run(mode, work);
      if (mode === 'readwrite') await interrupt[name]?.();
      return result;
    };
    databases.set(name, database);
    return database;
  };
  const environment = { openDatabase } as StoreOptions['environment'];
  const anonymous = () => localStore({ environment });
  const account = () => localStore({ account: 'a', getToken: () => null, environment });
  /** Does this once, when the account has got its copy of the first conversation. */
  const whenCopied = (work: () => unknown) => {
    interrupt['conversation-store-a'] = async () => {
      const copied = await databases.get('conversation-store-a')?.run('readonly', (tx) => tx.keys('messages'));
      if (!copied?.length) return;
      delete interrupt['conversation-store-a'];
      await work();
    };
  };
  return { anonymous, account, whenCopied, interrupt };
}

async function contentsOf(store: ReturnType<typeof localStore>) {
  const contents: Record<string, unknown[]> = {};
  for (const { id } of await store.getAllConversations()) {
    contents[id] = (await store.getConversation(id))?.messages.map(({ content }) => content) ?? [];
  }
  return contents;
}

async function begin() {
  const tabs = browser();
  const anonymous = tabs.anonymous();
  await anonymous.saveConversation({ id: 'c', title: 'c', messages: [message('m1')] });
  return { ...tabs, anonymous, account: tabs.account() };
}

test('what another tab writes while it is being moved goes along', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(() => anonymous.addMessage('c', message('m2')));
  assert.deepEqual(await account.claimAnonymous(), { conversations: 1 });
  assert.deepEqual(await contentsOf(account), { c: ['m1', 'm2'] });
  assert.deepEqual(await contentsOf(anonymous), {});
});

test('so does a reply that grows, and a conversation that another tab begins', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(async () => {
    await anonymous.updateMessage('c', 'm1', { content: 'more' });
    await anonymous.saveConversation({ id: 'd', title: 'd', messages: [message('m2')] });
  });
  assert.deepEqual(await account.claimAnonymous(), { conversations: 2 });
  assert.deepEqual(await contentsOf(account), { c: ['more'], d: ['m2'] });
  assert.deepEqual(await contentsOf(anonymous), {});
});

test('what another tab deletes meanwhile is deleted', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(() => anonymous.deleteConversation('c'));
  await account.claimAnonymous();
  assert.deepEqual(await contentsOf(account), {});
});

test('what is written to the copy meanwhile stays', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(async () => {
    await account.addMessage('c', message('m3', 'of the account'));
    await anonymous.addMessage('c', message('m2'));
  });
  await account.claimAnonymous();
  assert.deepEqual(await contentsOf(account), { c: ['m1', 'of the account', 'm2'] });
});

test('a message that both change meanwhile is there in both versions', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(async () => {
    await account.updateMessage('c', 'm1', { content: 'of the account' });
    await anonymous.updateMessage('c', 'm1', { content: 'more' });
  });
  await account.claimAnonymous();
  assert.deepEqual(Object.values(await contentsOf(account)).sort(), [['more'], ['of the account']]);
});

for (const isTaken of [false, true]) {
  test(`a claim that was stopped is repeated without doubling anything${isTaken ? ', also under another id' : ''}`, async () => {
    const { anonymous, account, whenCopied, interrupt } = await begin();
    if (isTaken) await account.saveConversation({ id: 'c', title: 'of the account', messages: [message('m9')] });
    const stop = () => Promise.reject(new Error('The page was closed.'));
    if (isTaken) {
      // Every write of the account is one of the copy by now.
      interrupt['conversation-store-a'] = stop;
    } else {
      whenCopied(stop);
    }
    await assert.rejects(account.claimAnonymous());
    delete interrupt['conversation-store-a'];
    assert.deepEqual(await contentsOf(anonymous), { c: ['m1'] });
    const copied = await contentsOf(account);
    assert.equal(Object.keys(copied).length, isTaken ? 2 : 1);
    await account.claimAnonymous();
    assert.deepEqual(await contentsOf(account), copied);
    assert.deepEqual(await contentsOf(anonymous), {});
  });
}

test('what was refused goes along, once', async () => {
  const { anonymous, account, interrupt } = await begin();
  const refuse = (id: string) => anonymous.saveConversation({ id: 'c', messages: [message('m1'), message(id)] });
  const kept = async (store: typeof account) =>
    (await store.refusedWrites()).map(({ content }) => (content as { id: string }).id);
  await refuse('not an id');
  assert.deepEqual(await kept(anonymous), ['not an id']);
  interrupt['conversation-store-a'] = async () => {
    if (!(await kept(account)).length) return;
    delete interrupt['conversation-store-a'];
    await refuse('nor this one');
    throw new Error('The page was closed.');
  };
  await assert.rejects(account.claimAnonymous(), /closed/);
  await account.claimAnonymous();
  assert.deepEqual((await kept(account)).sort(), ['nor this one', 'not an id']);
  assert.equal(account.status.refused, 2);
  assert.deepEqual(await kept(anonymous), []);
});

test('what is written between the two goes along', async () => {
  const { anonymous, account, whenCopied } = await begin();
  whenCopied(() => Promise.reject(new Error('The page was closed.')));
  await assert.rejects(account.claimAnonymous());
  await anonymous.addMessage('c', message('m2'));
  await account.claimAnonymous();
  assert.deepEqual(await contentsOf(account), { c: ['m1', 'm2'] });
});
