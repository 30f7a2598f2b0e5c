/** Listeners by name. One that throws keeps nothing from the others. */
export class Emitter {
  #listeners = new Map();

  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(name, event) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event);
      } catch (error) {
        // As a browser does with a listener's error: it is reported, and nobody else's concern.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
