/** Conversations that are listed, and whose messages are just being stored. */
export class PendingImports {
  readonly #pending = new Map<string, Promise<void>>();

  /** Until `done`, whoever needs the messages of these conversations waits. */
  add(ids: readonly string[], done: Promise<void>) {
    const settled = done.then(
      () => {},
      () => {},
    );
    for (const id of ids) this.#pending.set(id, settled);
    settled.then(() => {
      for (const id of ids) if (this.#pending.get(id) === settled) this.#pending.delete(id);
    });
  }

  /** Resolves when the conversation's messages are there. */
  async wait(id: string) {
    await this.#pending.get(id);
  }

  async waitForAll() {
    await Promise.all(this.#pending.values());
  }
}
