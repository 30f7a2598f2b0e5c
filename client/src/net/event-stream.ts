/** Reads server-sent events from a response, with a timeout for a stream that has fallen silent. */

import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Clock } from '../environment.js';

/** The server's heartbeat comes every 15 seconds; without it for so long, ms, the stream counts as broken. */
const SILENCE = 45_000;

export interface StreamEvent {
  name: string;
  id: string | undefined;
  data: unknown;
}

/**
 * The events of a stream until it ends. EventSource would do the same, but cannot send a token. Throws where the stream
 * breaks or falls silent.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  clock: Clock,
  abort: () => void,
): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const received: EventSourceMessage[] = [];
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

async function withinSilence<T>(read: Promise<T>, clock: Clock, abort: () => void): Promise<T> {
  const timer = clock.setTimeout(abort, SILENCE);
  try {
    return await read;
  } finally {
    clock.clearTimeout(timer);
  }
}
