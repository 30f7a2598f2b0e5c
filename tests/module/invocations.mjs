/** A device's invocations of the functions, as Vercel bills them. Runs in Node and in a browser. */

const SECOND = 1000;

/**
 * Requests, streams among them, and when streams were open by the test's clock, which stands still while any other request is
 * on its way.
 */
export class Invocations {
  requests = 0;
  #streams = [];
  #clock;

  constructor(clock) {
    this.#clock = clock;
  }

  /** Returns a function to call when the stream has ended. */
  streamOpened() {
    const stream = { from: this.#clock.now(), to: null };
    this.#streams.push(stream);
    return () => {
      stream.to ??= this.#clock.now();
    };
  }

  /** When streams were open since then: pairs of times, ms. */
  openSince(since) {
    const spans = this.#streams.map(({ from, to }) => [Math.max(from, since), to ?? this.#clock.now()]);
    return spans.filter(([from, to]) => to >= from && to > since);
  }
}

/** Counts the requests of all devices of one user from now on. */
export class InvocationCount {
  #devices;
  #since;
  #before;

  constructor(clock, devices) {
    this.#devices = devices.map(({ network }) => network.invocations);
    this.#since = clock.now();
    this.#before = this.#requests();
  }

  /** `streamSeconds` of every stream, `openSeconds` with at least one of them open. */
  total() {
    const spans = this.#devices.flatMap((device) => device.openSince(this.#since));
    return {
      requests: this.#requests() - this.#before,
      streams: spans.length,
      streamSeconds: Math.round(spans.reduce((sum, [from, to]) => sum + to - from, 0) / SECOND),
      openSeconds: Math.round(lengthOfUnion(spans) / SECOND),
    };
  }

  #requests() {
    return this.#devices.reduce((sum, { requests }) => sum + requests, 0);
  }
}

function lengthOfUnion(spans) {
  let [length, end] = [0, -Infinity];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    length += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return length;
}
