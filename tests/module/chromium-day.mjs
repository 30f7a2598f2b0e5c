/**
 * The user's day in a real browser: its IndexedDB, its locks, its channels, its network; only the time is the test's. The
 * driver of the browser calls `nextQuestion()`, which resolves the previous one, until it is null.
 */

import { openIndexedDatabase } from '../../public/conversation-store.js';
import { TestClock } from './basics.mjs';
import { Network } from './network.mjs';
import { Tab } from './tab.mjs';
import { day, followClock, yesterday } from './user-day.mjs';

const questions = [];
let resolveQuestion = () => {};
let hear = () => {};

function ask(line) {
  return new Promise((resolve) => {
    questions.push({ line, resolve });
    hear();
  });
}

export async function nextQuestion() {
  resolveQuestion();
  while (questions.length === 0)
    await new Promise((resolve) => {
      hear = resolve;
    });
  const { line, resolve } = questions.shift();
  resolveQuestion = resolve;
  return line;
}

/** The browser this runs in. */
class Profile {
  clock = new TestClock();
  network = new Network(this.clock);
  #work = { inFlight: 0 };

  constructor() {
    this.clock.busy.add(this.#work);
  }

  environment = {
    fetch: this.network.fetch,
    openDatabase: async (name) => this.#counted(await openIndexedDatabase(name)),
    localStorage,
    // The leader holds its lock as long as it leads; all other locks are held for some work.
    locks: {
      request: (name, ...rest) => {
        const request = () => navigator.locks.request(name, ...rest);
        return name === 'conversation-store-anonymous' ? request() : this.#count(request);
      },
    },
    clock: this.clock,
    random: () => 0.5,
  };

  async open() {
    const tab = new Tab(this, {});
    await tab.store.ready;
    return tab;
  }

  #counted(database) {
    return {
      kind: database.kind,
      run: (mode, work) => this.#count(() => database.run(mode, work)),
      close: () => database.close(),
    };
  }

  async #count(work) {
    this.#work.inFlight += 1;
    try {
      return await work();
    } finally {
      this.#work.inFlight -= 1;
    }
  }
}

export async function play() {
  try {
    const profile = new Profile();
    profile.network.before = followClock(profile.clock, ask);
    await yesterday(profile);
    await ask('count nothing');
    await day(profile);
    await ask('count a day in Chromium');
    ask('done');
  } catch (error) {
    ask(`failed: ${error.stack}`);
  }
}
