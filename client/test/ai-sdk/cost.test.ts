/** What a turn costs. With SERVER_LOG, the file with the service's log lines, the billed commands are printed too. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { UIMessageChunk } from 'ai';
import { answerBy, message, type Network, newUser, openStore, settle, TestClock, until, Writing } from './harness.js';

const SECONDS = 20;

/** Of the requests since the last `reset`; undefined without a log. */
function commandsOf({ requestIds }: Network): number | undefined {
  const path = process.env.SERVER_LOG;
  if (!path) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const own = entries.filter(({ requestId }) => requestIds.includes(requestId));
  return own.reduce((sum, { commands }) => sum + commands, 0);
}

function print(what: string, network: Network): void {
  const commands = commandsOf(network);
  console.log(`${what}: ${network.count()} requests${commands === undefined ? '' : `, ${commands} commands`}`);
}

async function turn(saveEvery: number | undefined) {
  const token = await newUser();
  const clock = new TestClock();
  const { store, network } = openStore(token, { clock });
  await store.createChat({ id: 'c' });
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q', 'q0'), message('assistant', 'a', 'a0')] });
  network.reset();

  const messages = [...(await store.loadChat('c')), message('user', 'q', 'q')];
  await store.setActiveStream('c', 's');
  const { headId } = await store.saveChat({ chatId: 'c', messages });
  const writing = new Writing();
  const stream = answerBy([writing], messages);
  const { saved } = store.createResumableStream({
    chatId: 'c',
    streamId: 's',
    stream,
    messages,
    parentId: headId,
    ...(saveEvery !== undefined && { saveEvery }),
  });
  await until(() => network.sent.some((request) => request.startsWith('PUT')) && network.inFlight === 0);

  const followerClock = new TestClock();
  const follower = openStore(token, { clock: followerClock });
  const followed = (await follower.store.resumeStream({ chatId: 'c' })) as ReadableStream<UIMessageChunk>;
  const end = followed.pipeTo(new WritableStream());
  writing.begin();
  for (let second = 0; second < SECONDS; second++) {
    writing.text('Some twenty words of an answer that goes on for a while, as answers of models do, and so on. ');
    await settle();
    await clock.advance(1_000);
    await until(() => network.inFlight === 0);
    await followerClock.advance(1_000);
    await until(() => follower.network.inFlight === 0);
  }
  writing.end('stop', '1');
  await saved;
  await followerClock.advance(5_000);
  await end;
  return { network, follower: follower.network };
}

test('a turn without streams costs three requests', async () => {
  const { store, network } = openStore(await newUser());
  await store.saveChat({ chatId: 'c', messages: [message('user', 'q'), message('assistant', 'a')] });
  network.reset();
  const messages = [...(await store.loadChat('c')), message('user', 'q')];
  await store.saveChat({ chatId: 'c', messages });
  await store.saveChat({ chatId: 'c', messages: [...messages, message('assistant', 'a')] });
  assert.equal(network.count(), 3);
  print('a turn: load, save the question, save the answer', network);
});

/** How a turn is saved, and how many saves that comes to while it is written. */
const PACES = [
  { name: 'as by default', saveEvery: undefined, saves: 8 },
  { name: 'every second', saveEvery: 1_000, saves: 20 },
  { name: 'every 5 seconds', saveEvery: 5_000, saves: 4 },
];

for (const { name, saveEvery, saves } of PACES) {
  test(`a resumable turn, saved ${name}, costs one request per save and six beside them`, async () => {
    const { network, follower } = await turn(saveEvery);
    assert.ok(network.count() <= saves + 6, `${network.count()} requests`);
    print(`a resumable turn of ${SECONDS} s, saved ${name}`, network);
    assert.ok(follower.count() <= SECONDS + 2, `${follower.count()} requests`);
    print('  and who follows it', follower);
  });
}
