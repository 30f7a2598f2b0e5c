/** Branches switched to in quick succession, and messages added between: the last call counts, here and at the server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, tick } from './harness.mjs';
import { keepBack } from './users.mjs';

const SEEDS = Number(process.env.BRANCH_SEEDS ?? 12);
const FIRST = Number(process.env.BRANCH_SEED ?? 1);

const said = (id) => ({ id, type: id.startsWith('q') ? 'user' : 'assistant', content: id });

const isOfBranches = ({ path }) => path.includes('branches=all');
const isSwitch = ({ method, path }) => method === 'PATCH' && path === '/conversations/c';

/**
 * A device that shows the last reply to a question, has the one before beside it, `near`, and knows that there are two more,
 * `far` and `farther`. `longer`: so many messages stand before that question, of which the oldest are not on the device.
 */
async function device({ longer = 0 } = {}) {
  const first = new Browser();
  const { store } = await first.open();
  const older = Array.from({ length: longer }, (_, index) => said(`m${index}`));
  await store.saveConversation({ id: 'c', messages: [...older, said('q1'), said('far')] });
  for (const id of ['farther', 'near']) await store.addMessage('c', said(id), { parentId: 'q1' });
  await store.flush();
  const browser = new Browser({ clock: first.clock });
  for (const [key, value] of first.values) browser.values.set(key, value);
  const tab = await browser.open();
  await tab.store.sync();
  await tab.store.getConversation('c');
  await browser.clock.settle();
  await tab.store.addMessage('c', said('shown'), { parentId: 'q1' });
  await tab.store.flush();
  return { browser, tab, store: tab.store, network: browser.network, server: new Server(browser) };
}

/** Does this while a branch that is not on the device, `far`, is switched to and on its way. */
async function whileFetching({ store, network }, work) {
  const { held, release } = keepBack(network, isOfBranches);
  const switched = store.switchBranch('c', 'far');
  await held;
  await work(store);
  release();
  await switched;
}

async function shownBy(store) {
  return (await store.getConversation('c')).messages.map(({ id }) => id);
}

/** On the screen, on the device, after everything was sent, and at the server. */
async function assertShown({ store, server }, expected) {
  assert.deepEqual(await shownBy(store), expected);
  await store.flush();
  assert.deepEqual(await shownBy(store), expected);
  assert.deepEqual(
    (await server.messages('c')).map(({ id }) => id),
    expected,
  );
  assert.equal(store.status.pending, 0);
}

test('a branch that is fetched does not take the place of one that was switched to meanwhile', async () => {
  const user = await device();
  await whileFetching(user, (store) => store.switchBranch('c', 'near'));
  await assertShown(user, ['q1', 'near']);
});

test('nor of one that was shown all along, and chosen again meanwhile', async () => {
  const user = await device();
  await whileFetching(user, (store) => store.switchBranch('c', 'shown'));
  await assertShown(user, ['q1', 'shown']);
});

test('nor does it hide a message that was added meanwhile', async () => {
  const user = await device();
  await whileFetching(user, (store) => store.addMessage('c', said('q2')));
  await assertShown(user, ['q1', 'shown', 'q2']);
});

test('nor does it lose one that was added and sent meanwhile', async () => {
  const user = await device();
  const { store, network } = user;
  const { held, release } = keepBack(network, isOfBranches);
  const switched = store.switchBranch('c', 'far');
  await held;
  await store.addMessage('c', said('q2'));
  await store.flush();
  await store.switchBranch('c', 'near');
  release();
  await switched;
  await user.tab.goOffline();
  await store.switchBranch('c', 'q2');
  assert.deepEqual(await shownBy(store), ['q1', 'shown', 'q2']);
  await user.tab.goOnline();
  await assertShown(user, ['q1', 'shown', 'q2']);
});

test('what waits to be sent keeps its order when a branch is fetched', async () => {
  const user = await device();
  const { store } = user;
  for (const id of ['q9', 'm8', 'q7', 'm6']) await store.addMessage('c', said(id));
  await store.switchBranch('c', 'far');
  await store.switchBranch('c', 'shown');
  await assertShown(user, ['q1', 'shown', 'q9', 'm8', 'q7', 'm6']);
});

test('a message that is saved with all others meanwhile is not hidden by a branch that is fetched', async () => {
  const user = await device();
  const opened = await user.store.getConversation('c');
  await whileFetching(user, (store) =>
    store.saveConversation({ ...opened, messages: [...opened.messages, said('q2')] }),
  );
  await assertShown(user, ['q1', 'shown', 'q2']);
});

test('a message that is edited meanwhile, as a reply that is being written, keeps no branch away', async () => {
  const user = await device();
  await whileFetching(user, async (store) => {
    await store.addMessage('c', { ...said('shown'), content: 'shown!' });
    await store.updateConversation('c', { title: 'Other' });
  });
  await assertShown(user, ['q1', 'far']);
});

test('of two branches that are both fetched, the one asked for last is shown', async () => {
  const user = await device();
  await whileFetching(user, async (store) => {
    await store.switchBranch('c', 'farther');
    assert.deepEqual(await shownBy(store), ['q1', 'farther']);
  });
  await assertShown(user, ['q1', 'farther']);
});

test('calls that nobody waits for are done in the order in which they were made', async () => {
  const user = await device();
  const { store } = user;
  const calls = [store.switchBranch('c', 'near'), store.addMessage('c', said('q2')), store.switchBranch('c', 'shown')];
  await Promise.all(calls);
  assert.deepEqual(await shownBy(store), ['q1', 'shown']);
  await Promise.all([store.switchBranch('c', 'near'), store.addMessage('c', said('a2'))]);
  await assertShown(user, ['q1', 'near', 'q2', 'a2']);
});

test('a message whose parent is fetched does not take the place of a branch that was switched to meanwhile', async () => {
  const ids = Array.from({ length: 150 }, (_, index) => `m${index}`);
  const user = await device({ longer: 150 });
  const { store, network } = user;
  const { held, release } = keepBack(network, ({ method, path }) => method === 'GET' && path.includes('cursor='));
  const added = store.addMessage('c', said('q2'), { parentId: 'm3' });
  await held;
  await store.switchBranch('c', 'near');
  release();
  await added;
  const opened = await store.getConversation('c');
  assert.deepEqual(
    opened.messages.slice(-2).map(({ id }) => id),
    ['q1', 'near'],
  );
  await store.flush();
  assert.deepEqual(
    (await user.server.messages('c')).map(({ id }) => id),
    [...ids, 'q1', 'near'],
  );
  await store.switchBranch('c', 'q2');
  assert.deepEqual(await shownBy(store), ['m0', 'm1', 'm2', 'm3', 'q2']);
});

test('switching back while the switch is on its way to the server ends where it began', async () => {
  const user = await device();
  const { store, network } = user;
  const { held, release } = keepBack(network, isSwitch);
  await store.switchBranch('c', 'near');
  const flushed = store.flush();
  await held;
  await store.switchBranch('c', 'shown');
  release();
  await flushed;
  await assertShown(user, ['q1', 'shown']);
});

test('so it does where the response to the switch is lost', async () => {
  const user = await device();
  const { store, network } = user;
  let losses = 0;
  network.fault = (request) => {
    if (!isSwitch(request) || losses > 0) return undefined;
    losses += 1;
    return 'lost';
  };
  await store.switchBranch('c', 'near');
  await store.flush().catch(() => {});
  assert.equal(losses, 1);
  await store.switchBranch('c', 'shown');
  await user.browser.clock.advance(10_000);
  await assertShown(user, ['q1', 'shown']);
});

test('so it does where a message was added and taken back between', async () => {
  const user = await device();
  const { store, network } = user;
  const { held, release } = keepBack(network, isSwitch);
  await store.switchBranch('c', 'near');
  const flushed = store.flush();
  await held;
  await store.addMessage('c', said('q2'));
  await store.switchBranch('c', 'shown');
  await store.deleteMessage('c', 'q2');
  release();
  await flushed;
  await assertShown(user, ['q1', 'shown']);
});

test('a switch to what is gone elsewhere does not undo the one made meanwhile', async () => {
  const user = await device();
  const { store, network, server } = user;
  await store.switchBranch('c', 'far');
  await store.switchBranch('c', 'shown');
  const { held, release } = keepBack(network, isSwitch, 'before');
  await store.switchBranch('c', 'near');
  const flushed = store.flush();
  await held;
  await store.switchBranch('c', 'far');
  await server.call('DELETE', '/conversations/c/messages/near');
  release();
  await flushed;
  await assertShown(user, ['q1', 'far']);
});

/** Calls that nobody waits for, with a server that is slow to answer. Returns what the last one wants to be shown. */
async function callAtRandom({ store, network }, seed) {
  let state = seed;
  const random = (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  let requests = seed;
  const hold = async () => {
    requests += 3;
    for (let left = requests % 8; left > 0; left -= 1) await tick();
  };
  Object.assign(network, { before: hold, after: hold });
  const calls = [];
  let wanted;
  for (let step = 0; step < 12; step += 1) {
    const to = ['far', 'farther', 'near', 'shown', 'q1'][random(5)];
    const id = `m${step}`;
    const action = random(4);
    if (action <= 1) calls.push(store.switchBranch('c', to));
    else if (action === 2) calls.push(store.addMessage('c', said(id)));
    else calls.push(store.addMessage('c', said(id), { parentId: ['near', 'shown', 'q1'][random(3)] }));
    wanted = action <= 1 ? to : id;
    for (let left = random(6); left > 0; left -= 1) await tick();
    // What is written is sent meanwhile.
    if (random(3) === 0) calls.push(store.flush());
  }
  await Promise.all(calls);
  return wanted;
}

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`whatever is called in whatever order, the last call is what is shown, seed ${seed}`, async () => {
    const user = await device();
    const wanted = await callAtRandom(user, seed);
    const here = await shownBy(user.store);
    assert.ok(here.includes(wanted), `${wanted} in ${here}`);
    await assertShown(user, here);
  });
}
