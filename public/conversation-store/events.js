/** Reads the server's event stream. */

import { createParser } from './vendor/eventsource-parser/index.js';

/** The server's heartbeat comes every 15 seconds; without it for so long, ms, the stream is dead. */
const SILENCE = 45_000;

/**
 * The events of a stream, `{ name, id, data }`, until it ends. EventSource would do the same, but cannot send a
 * token. Throws where the stream breaks or falls silent.
 */
export async function* readEvents(response, clock, abort) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const received = [];
  const parser = createParser({ onEvent: (event) => received.push(event) });
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), clock, abort);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      for (const { event, id, data } of received.splice(0)) {
        if (event) yield { name: event, id, data: JSON.parse(data) };
      }
    }
  } finally {
    abort();
  }
}

async function withinSilence(read, clock, abort) {
  const timer = clock.setTimeout(abort, SILENCE);
  try {
    return await read;
  } finally {
    clock.clearTimeout(timer);
  }
}
