/** A clock for tests, and messages to write. Runs in Node and in a browser. */

const PATIENCE = 60_000;

/** Runs everything that is ready. */
export const tick = () =>
  new Promise((resolve) => {
    if (globalThis.setImmediate) setImmediate(resolve);
    else setTimeout(resolve);
  });

/** Waits for a condition, as long as real time allows. */
export async function until(condition, what = condition.toString()) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

/** A clock that stands still until it is advanced. Timers fire when it passes them. */
export class TestClock {
  #now;
  #timers = new Map();
  #next = 1;
  /** Whatever may be busy when no timer is due: each has a number `inFlight`. */
  busy = new Set();
  /** Called with the ms that are about to pass; for a server whose clock should follow. */
  onAdvance = async () => {};

  constructor(now = Date.now()) {
    this.#now = now;
  }

  now() {
    return this.#now;
  }

  setTimeout(callback, ms) {
    const id = this.#next;
    this.#next += 1;
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), callback });
    return id;
  }

  clearTimeout(id) {
    this.#timers.delete(id);
  }

  /** Lets time pass, timer by timer, and between them whatever follows from each. */
  async advance(ms) {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const due = [...this.#timers]
        .filter(([, { at }]) => at <= end)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      const at = due ? due[1].at : end;
      if (at > this.#now) await this.onAdvance(at - this.#now);
      this.#now = Math.max(this.#now, at);
      if (!due) break;
      this.#timers.delete(due[0]);
      due[1].callback();
      await this.settle();
    }
  }

  /** Waits until nothing is busy and its consequences are done. */
  async settle() {
    for (let calm = 0; calm < 5; ) {
      await tick();
      calm = [...this.busy].every(({ inFlight }) => inFlight === 0) ? calm + 1 : 0;
    }
  }
}

let count = 0;

/** A message as a frontend makes one. */
export function message(clock, type, content, more = {}) {
  count += 1;
  return { id: `msg-${count}`, type, content, timestamp: new Date(clock.now() + count).toISOString(), ...more };
}

export function contents(conversation) {
  return (conversation.messages ?? conversation).map(({ content }) => content);
}
