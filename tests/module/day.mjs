/**
 * The user's day in Node, and once more on a device that has nothing yet. The test that runs it counts what the database is
 * asked for, and moves the service's clock along: lines `advance <ms>` and `count <what>` on the standard output are answered by
 * a line each.
 */

import { createInterface } from 'node:readline';
import assert from 'node:assert/strict';

import { Browser, Server } from './harness.mjs';
import { TURNS, day, followClock, yesterday } from './user-day.mjs';

const MINUTE = 60_000;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(line) {
  process.stdout.write(`${line}\n`);
  const { value } = await answers.next();
  return value;
}

const browser = new Browser();
followClock(browser, ask);
await yesterday(browser);
await ask('count nothing');
await day(browser);
await ask('count a day of the device that has its conversations');

const { length: requests } = browser.network.requests;
const server = new Server(browser);
const { body } = await server.call('GET', '/user');
assert.equal(body.totals.current.messages, 50 * 100 + 2 * TURNS);
process.stderr.write(`${requests} requests, yesterday's import included\n`);

const other = new Browser({ clock: browser.clock });
followClock(other, ask);
for (const name of ['claude-session', 'claude-user-id']) other.values.set(name, browser.values.get(name));
await browser.clock.advance(16 * 60 * MINUTE);
await ask('count nothing');
await day(other);
await ask('count a day of a device that has nothing yet');

process.stdin.destroy();
