/**
 * A user's day, through the module: 3 starts of the app, 8 hours with the page seen half of the time,
 * 10 conversations opened, 60 messages in 30 turns, saved every 300 ms while the reply is written.
 */

import { message } from './basics.mjs';

const MINUTE = 60_000;
export const TURNS = 30;
const OPENED = 10;
const TURNS_PER_PERIOD = 3;
const ANSWER_SECONDS = 10;

function oldData() {
  return JSON.stringify(
    Array.from({ length: 50 }, (_, c) => ({
      id: `${1751545800000 + c * 1000}`,
      messages: Array.from({ length: 100 }, (_, m) => ({
        id: `${1751545800000 + c * 1000 + m}`,
        type: m % 2 ? 'assistant' : 'user',
        content: `message ${m}`,
        timestamp: new Date(1751545800000 + c * 1000 + m).toISOString(),
      })),
      createdAt: new Date(1751545800000 + c * 1000).toISOString(),
      updatedAt: new Date(1751545800000 + c * 1000 + 100).toISOString(),
      totalTokens: 0,
    })),
  );
}

/** Returns a promise to await before a request reaches the service, whose clock has followed the browsers' by then. */
export function followClock(clock, ask) {
  let behind = 0;
  clock.onAdvance = async (ms) => {
    behind += ms;
  };
  let following = Promise.resolve();
  return () => {
    const ms = Math.round(behind);
    behind = 0;
    if (ms > 0) following = following.then(() => ask(`advance ${ms}`));
    return following;
  };
}

/** The user of this browser has 50 conversations since yesterday. */
export async function yesterday(browser) {
  browser.environment.localStorage.setItem('claude-code-conversations', oldData());
  await night(browser);
}

/** Everything was sent and fetched in the evening, and the next day begins. */
export async function night(...browsers) {
  const tabs = [];
  for (const browser of browsers) {
    const tab = await browser.open();
    await tab.store.flush();
    await tab.store.sync();
    tab.hide();
    tabs.push(tab);
  }
  await browsers[0].clock.advance(16 * 60 * MINUTE);
  for (const tab of tabs) await tab.crash();
}

/** Question and reply, as a frontend saves them. */
async function turn({ clock, wait }, store, conversation) {
  const question = message(clock, 'user', 'And what about the other one?');
  let messages = [...conversation.messages, question];
  await store.saveConversation({ ...conversation, messages });
  await wait(2_000);
  const reply = message(clock, 'assistant', '', { streaming: true });
  messages = [...messages, reply];
  for (let ms = 0; ms < ANSWER_SECONDS * 1000; ms += 300) {
    reply.content += 'a few more words ';
    await store.saveConversation({ ...conversation, messages });
    await wait(300);
  }
  messages = [...messages.slice(0, -1), { ...reply, streaming: false, tokens: { input: 9, output: 200, total: 209 } }];
  await store.saveConversation({ ...conversation, messages });
  return { ...conversation, messages };
}

/** Lets time pass for concurrent devices: it advances when all of them wait. */
class Pace {
  #clock;
  #atWork;
  #waiting = [];

  constructor(clock, devices) {
    this.#clock = clock;
    this.#atWork = devices;
  }

  wait(ms) {
    return new Promise((resolve) => {
      this.#waiting.push({ at: this.#clock.now() + ms, resolve });
      this.#goOn();
    });
  }

  /** A device has done its work. */
  leave() {
    this.#atWork -= 1;
    this.#goOn();
  }

  async #goOn() {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#atWork) return;
    this.#waiting.sort((a, b) => a.at - b.at);
    const next = this.#waiting.shift();
    await this.#clock.advance(next.at - this.#clock.now());
    next.resolve();
  }
}

/** One device's share of the user's day: every n-th turn, in its own conversations. */
class Part {
  current = null;
  opened = 0;
  turns = 0;
  #turnsOfCurrent = 0;
  #index;
  #devices;

  constructor(index, devices) {
    this.#index = index;
    this.#devices = devices;
  }

  /** Whether the user's next turn is at this device. */
  takesNext() {
    this.turns += 1;
    return this.turns <= TURNS && (this.turns - 1) % this.#devices === this.#index;
  }

  async openSometimes({ store }) {
    if (this.current) this.#turnsOfCurrent += 1;
    if (this.current && this.#turnsOfCurrent < TURNS / OPENED) return;
    const list = await store.getAllConversations();
    const next = list[(this.opened * this.#devices + this.#index) * 4];
    this.current = await store.getConversation(next.id);
    this.opened += 1;
    this.#turnsOfCurrent = 0;
  }

  checkDone() {
    if (this.turns < TURNS || this.opened !== OPENED / this.#devices)
      throw new Error(`${this.turns} turns, ${this.opened} opened`);
  }
}

/** 20 minutes seen, with some turns, and 20 minutes hidden. */
async function period(device, tab, part) {
  const { clock } = device;
  for (let quarter = 0; quarter < 4; quarter += 1) {
    const end = clock.now() + 5 * MINUTE;
    if (quarter < TURNS_PER_PERIOD && part.takesNext()) {
      await part.openSometimes(tab);
      part.current = await turn(device, tab.store, part.current);
    }
    await device.wait(end - clock.now());
  }
  tab.hide();
  await device.wait(20 * MINUTE);
  tab.show();
}

async function dayOf(browser, pace, part) {
  const device = { clock: browser.clock, wait: (ms) => pace.wait(ms) };
  for (let start = 0; start < 3; start += 1) {
    const tab = await browser.open();
    await browser.clock.settle();
    part.current &&= await tab.store.getConversation(part.current.id);
    for (let periods = 0; periods < 4; periods += 1) await period(device, tab, part);
    await tab.store.flush();
    await tab.crash();
  }
  part.checkDone();
  pace.leave();
}

/** The day of a user at these devices, which share a clock: all of them seen at the same times, the turns shared among them. */
export async function day(...browsers) {
  const pace = new Pace(browsers[0].clock, browsers.length);
  const days = browsers.map((browser, index) => dayOf(browser, pace, new Part(index, browsers.length)));
  await Promise.all(days);
}
