/** Tells whether a reply that another tab or device writes is still being streamed. */

/** A reply that has not grown for so long, in ms, was interrupted: its writer saves it several times a second. */
const PATIENCE = 10_000;

/** Follows how replies grow. Their `streaming` flag alone will not do: it stays set when the writer's page was closed. */
export class StreamingReplies {
  #seen = new Map();
  #timer = null;
  #onPause;

  /** `onPause()` is called when a reply may have been interrupted. */
  constructor(onPause) {
    this.#onPause = onPause;
  }

  /** Notes how long a reply is by now, and tells whether it is still being streamed. */
  isStreaming({ id, content, streaming }) {
    if (!streaming) return false;
    const known = this.#seen.get(id);
    const at = known?.length === content.length ? known.at : Date.now();
    this.#seen.set(id, { length: content.length, at });
    const left = at + PATIENCE - Date.now();
    if (left <= 0) return false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onPause, left);
    return true;
  }
}
