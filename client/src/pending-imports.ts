/** Lets readers wait for the messages of conversations that are still being imported locally. */

/** Conversations that are listed, and whose messages are just being stored. */
export class PendingImports {
  readonly #pending = new Map<string, { stored: Promise<void>; release: () => void }>();

  /** From now on, calls that need the messages of these conversations wait. */
  hold(ids: readonly string[]) {
    for (const id of ids) {
      let release = () => {};
      const stored = new Promise<void>((resolve) => {
        release = resolve;
      });
      this.#pending.set(id, { stored, release });
    }
  }

  /** Their messages are stored, or will not be. */
  release(ids: readonly string[]) {
    for (const id of ids) {
      this.#pending.get(id)?.release();
      this.#pending.delete(id);
    }
  }

  /** Resolves when the conversation's messages are there. */
  async wait(id: string) {
    await this.#pending.get(id)?.stored;
  }

  async waitForAll() {
    await Promise.all([...this.#pending.values()].map(({ stored }) => stored));
  }
}
