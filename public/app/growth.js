/**
 * Whether a reply that somebody else writes, in another tab or on another device, is still growing. It says itself that
 * it is being written, but goes on saying so when its writer was closed.
 */

/** A reply that has not grown for so long, in ms, was interrupted: its writer saves it several times a second. */
const PATIENCE = 10_000;

export class Growth {
  #seen = new Map();
  #timer = null;
  #onPause;

  /** `onPause()` is called when something that was growing may have stopped. */
  constructor(onPause) {
    this.#onPause = onPause;
  }

  /** Notes how far a reply is, and tells whether it grows. */
  isGrowing({ id, content, streaming }) {
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
