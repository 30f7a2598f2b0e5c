/** What a turn costs. With SERVER_LOG, the file with the service's log lines, the billed commands are printed too. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { message, type Network, newUser } from '../ai-sdk/harness.js';
import { chain, openDevice } from './harness.js';

/** Of the requests since the last `reset`; undefined without a log. */
function commandsOf({ requestIds }: Network): number | undefined {
  const path = process.env.SERVER_LOG;
  if (!path) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const own = entries.filter(({ requestId }) => requestIds.includes(requestId));
  return own.reduce((sum, { commands }) => sum + commands, 0);
}

test('a turn costs a request for each message', async () => {
  const { adapter, network, openThread } = openDevice(await newUser());
  const costs = async (what: string, most: number, work: () => Promise<unknown>) => {
    network.reset();
    await work();
    const commands = commandsOf(network);
    console.log(`${what}: ${network.count()} requests${commands === undefined ? '' : `, ${commands} commands`}`);
    assert.equal(network.count(), most);
  };
  const { history, own, remoteId } = openThread();
  const [question, answer] = chain([message('user', 'q', 'q'), message('assistant', 'a', 'a')]);
  assert.ok(question && answer);
  await costs('opening the list', 1, () => adapter.list());
  await costs('a new thread', 1, remoteId);
  await costs('its title', 1, async () => adapter.generateTitle(await remoteId(), []));
  await costs('a turn: question and answer', 2, async () => {
    await history.append(question);
    await history.append(answer);
  });
  const again = { parentId: 'q', message: message('assistant', 'again', 'a2') };
  await costs('a regenerated answer', 1, () => history.append(again));
  await costs('an answer that was changed', 1, () => history.update(again, 'a2'));
  await costs('another branch', 1, () => own.switchToBranch('a'));
  await costs('opening a thread of up to 100 messages', 2, () => history.load());
  await costs('archiving', 1, async () => adapter.archive(await remoteId()));
});
