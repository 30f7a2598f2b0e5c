/**
 * The user's day in Node: on a device that has the conversations, on another that has nothing yet, and on both of them at once.
 * The test that runs it counts what the database is asked for, and moves the service's clock along: lines `advance <ms>`,
 * `invocations <JSON>` (of the day that is counted next) and `count <what>` on the standard output are answered by a line each.
 */

import { createInterface } from 'node:readline';
import assert from 'node:assert/strict';

import { Browser, Server } from './harness.mjs';
import { InvocationCount } from './invocations.mjs';
import { TURNS, day, followClock, night, yesterday } from './user-day.mjs';

const replies = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(line) {
  process.stdout.write(`${line}\n`);
  const { value } = await replies.next();
  return value;
}

async function countDay(what, ...browsers) {
  await ask('count nothing');
  const count = new InvocationCount(browsers[0].clock, browsers);
  await day(...browsers);
  await ask(`invocations ${JSON.stringify(count.total())}`);
  await ask(`count ${what}`);
}

async function messageCount(browser) {
  const { body } = await new Server(browser).call('GET', '/user');
  return body.totals.current.messages;
}

const browser = new Browser();
const follow = followClock(browser.clock, ask);
browser.network.before = follow;
await yesterday(browser);
await countDay('a day of the device that has its conversations', browser);
assert.equal(await messageCount(browser), 50 * 100 + 2 * TURNS);

const other = new Browser({ clock: browser.clock });
other.network.before = follow;
for (const name of ['claude-session', 'claude-user-id']) other.values.set(name, browser.values.get(name));
await browser.clock.advance(16 * 60 * 60_000);
await countDay('a day of a device that has nothing yet', other);

await night(browser, other);
await countDay('a day of two devices at once', browser, other);
assert.equal(await messageCount(browser), 50 * 100 + 3 * 2 * TURNS);

process.stdin.destroy();
