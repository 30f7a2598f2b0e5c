/** The server's heartbeat comes every 15 seconds; without it for so long, ms, the stream is dead. */
const SILENCE = 45_000;

/**
 * The events of a stream, `{ name, id, data }`, until it ends. EventSource would do the same, but cannot send a
 * token. Throws where the stream breaks or falls silent.
 */
export async function* readEvents(response, clock, abort) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let buffer = '';
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), clock, abort);
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop();
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
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

/** An event's fields; null for a comment, such as the heartbeat. */
function parseEvent(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  if (!fields.event || fields.data === undefined) return null;
  return { name: fields.event, id: fields.id, data: JSON.parse(fields.data) };
}
