/** Whatever is lost on the way, the server has each write once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, Server, message } from './harness.mjs';

/** Random numbers that are the same each time. */
function randomOf(seed) {
  let state = BigInt(seed) * 2862933555777941757n + 3037000493n;
  return (below) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number((state >> 33n) % BigInt(below));
  };
}

const FAULTS = ['refused', 'lost', 'broken', 503, 500];

/** One step of a user who performs random operations. */
async function act(browser, tab, random, step) {
  const { store } = tab;
  const list = await store.getAllConversations();
  const entry = list.length > 0 ? list[random(list.length)] : null;
  const action = entry ? random(10) : 0;
  const text = `${step} ${'word '.repeat(random(30))}`;
  if (action === 0) {
    const messages = [message(browser.clock, 'user', text)];
    await store.saveConversation({ ...store.createNewConversation(), messages });
  } else if (action <= 3) {
    await store.addMessage(entry.id, message(browser.clock, random(2) ? 'user' : 'assistant', text));
  } else if (action === 4) {
    await stream(browser, store, entry.id, random);
  } else if (action === 5) {
    const conversation = await store.getConversation(entry.id);
    const keep = random(conversation.messages.length + 1);
    const messages = conversation.messages.slice(0, keep).concat(message(browser.clock, 'user', text));
    await store.saveConversation({ ...conversation, messages });
  } else if (action === 6) {
    const { messages } = await store.getConversation(entry.id);
    if (messages.length > 0)
      await store.updateMessage(entry.id, messages[random(messages.length)].id, { content: text });
  } else if (action === 7) {
    const { messages } = await store.getConversation(entry.id);
    if (messages.length > 0) await store.deleteMessage(entry.id, messages[random(messages.length)].id);
  } else if (action === 8) {
    await store.updateConversation(entry.id, { title: `title ${step}`, pinned: random(2) === 0 });
  } else if (random(4) === 0) {
    await store.deleteConversation(entry.id);
  }
}

async function stream(browser, store, id, random) {
  const conversation = await store.getConversation(id);
  const reply = message(browser.clock, 'assistant', '', { streaming: true });
  const messages = [...conversation.messages, reply];
  for (let part = 0; part < 5; part += 1) {
    reply.content += `part ${part} `;
    await store.saveConversation({ ...conversation, messages });
    await browser.clock.advance(random(4_000));
  }
  reply.streaming = false;
  await store.saveConversation({ ...conversation, messages });
}

/** The visible state of a store, in a form to compare. */
async function shown(store) {
  const all = {};
  for (const { id, title, pinned, messageCount } of await store.getAllConversations()) {
    const { messages } = await store.getConversation(id);
    all[id] = { title, pinned: Boolean(pinned), messageCount, messages: messages.map(withoutEditTime) };
  }
  return all;
}

async function stored(server) {
  const all = {};
  for (const { id, title, pinned, messageCount } of await server.summaries()) {
    all[id] = { title, pinned, messageCount, messages: (await server.messages(id)).map(withoutEditTime) };
  }
  return all;
}

function withoutEditTime({ editedAt, ...rest }) {
  return rest;
}

for (let seed = 1; seed <= 8; seed += 1) {
  test(`whatever happens to requests and tabs, each message is stored once and in order (seed ${seed})`, async () => {
    const random = randomOf(seed);
    const browser = new Browser();
    let tab = await browser.open();
    let isStormy = true;
    browser.network.fault = () => (isStormy && random(3) === 0 ? FAULTS[random(FAULTS.length)] : undefined);
    for (let step = 0; step < 60; step += 1) {
      await act(browser, tab, random, step);
      await browser.clock.advance(random(8_000));
      if (random(12) === 0) {
        await tab.crash();
        tab = await browser.open();
      }
    }
    isStormy = false;
    await browser.clock.advance(600_000);
    await tab.store.flush();
    const [here, there] = [await shown(tab.store), await stored(new Server(browser))];
    assert.deepEqual(here, there);
    assert.deepEqual(tab.of('refused'), []);
  });
}
