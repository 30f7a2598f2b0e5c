/** Whatever two devices do to the branches of a conversation, they and the server agree in the end, and nothing is lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server } from './harness.mjs';

const SEEDS = Number(process.env.BRANCH_SEEDS ?? 6);
const FIRST = Number(process.env.BRANCH_SEED ?? 1);
const STEPS = 24;

/** Mulberry32. */
function randomOf(seed) {
  let state = seed * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

async function twoDevices() {
  const laptop = new Browser();
  const a = await laptop.open();
  const first = ['q1', 'a1', 'q2'].map((id) => ({ id, type: 'user', content: id }));
  await a.store.saveConversation({ id: 'c', messages: first });
  await a.store.flush();
  const phone = new Browser({ clock: laptop.clock });
  for (const [key, value] of laptop.values) phone.values.set(key, value);
  const b = await phone.open();
  await b.store.sync();
  await b.store.getConversation('c');
  return {
    devices: [a, b],
    networks: [laptop.network, phone.network],
    clock: laptop.clock,
    server: new Server(laptop),
  };
}

/** `isCutting`: messages go with all that follows them too, and arrays are saved that were cut and regrown. */
async function play(seed, isCutting) {
  const random = randomOf(seed);
  const { devices, networks, clock, server } = await twoDevices();
  const written = new Set(['q1', 'a1', 'q2']);
  const deleted = new Set();
  const log = [];
  for (let step = 0; step < STEPS; step += 1) {
    const index = random(2);
    const { store } = devices[index];
    const { messages } = await store.getConversation('c');
    const any = messages[random(messages.length)];
    const id = `m${step}`;
    const action = random(isCutting ? 14 : 11);
    log.push(`${'ab'[index]} ${action} ${any?.id}`);
    if (action <= 1) await store.addMessage('c', { id, type: 'user', content: id, timestamp: random(1_000) });
    else if (action <= 3) await store.addMessage('c', { id, type: 'user', content: id }, { parentId: any?.id ?? null });
    else if (action === 4) await store.addMessage('c', { id, type: 'user', content: id }, { parentId: null });
    else if (action === 5) await switchSomewhere(store, messages, random);
    else if (action === 6 && any && !deleted.has(any.id)) {
      await store.deleteMessage('c', any.id);
      deleted.add(any.id);
    } else if (action === 7 && any) await store.updateMessage('c', any.id, { content: `${any.content}!` });
    else if (action === 8) await (networks[index].isOnline ? devices[index].goOffline() : devices[index].goOnline());
    else if (action === 9) await clock.advance(3_000);
    else if (action === 11 && any) await store.deleteMessage('c', any.id, { andAfter: true });
    else if (action === 12) await regrow(store, random, id);
    else if (action === 13 && any) await store.putMessage('c', { id: any.id, type: 'user', content: `${id} whole` });
    else networks[index].fault = ({ method }) => (method !== 'GET' && random(3) === 0 ? 'lost' : undefined);
    if (action <= 4) written.add(id);
  }
  await agree(devices, networks, clock);
  return { devices, server, written, deleted, log: log.join('\n') };
}

async function switchSomewhere(store, messages, random) {
  const versions = messages.flatMap(({ siblingIds = [] }) => siblingIds);
  const to = versions[random(versions.length)];
  // Offline, or if it was deleted meanwhile, it stays.
  if (to)
    await store
      .switchBranch('c', to)
      .catch((error) => assert.ok(['offline', 'message_not_found'].includes(error.code), error));
}

async function regrow(store, random, id) {
  const opened = await store.getConversation('c');
  const kept = opened.messages.slice(0, random(opened.messages.length + 1));
  await store.saveConversation({ ...opened, messages: [...kept, { id, type: 'user', content: id }] });
}

async function agree(devices, networks, clock) {
  for (const network of networks) network.fault = () => undefined;
  for (const device of devices) await device.goOnline();
  for (let round = 0; round < 3; round += 1) {
    for (const { store } of devices) await Promise.all([store.flush().catch(() => {}), clock.advance(70_000)]);
    for (const { store } of devices) {
      await store.sync();
      await store.getConversation('c');
      await clock.settle();
    }
  }
}

const shown = (messages) => messages.map(({ id, content, siblingIds }) => ({ id, content, siblingIds }));

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`two devices, seed ${seed}`, async () => {
    const isCutting = seed % 2 === 0;
    const { devices, server, written, deleted, log } = await play(seed, isCutting);
    const path = shown(await server.messages('c'));
    const { body } = await server.call('GET', '/conversations/c/messages?branches=all&limit=100');
    const there = body.data.map(({ id }) => id).sort();
    const expected = [...written].filter((id) => !deleted.has(id)).sort();
    if (!isCutting)
      assert.deepEqual(
        there.filter((id) => !deleted.has(id)),
        expected,
        log,
      );
    for (const { store } of devices) {
      const conversation = await store.getConversation('c');
      assert.deepEqual(shown(conversation.messages), path, log);
      assert.equal(conversation.messageCount, path.length, log);
      assert.equal(store.status.pending, 0, log);
    }
  });
}
