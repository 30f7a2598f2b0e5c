/** A substitute for `AbortSignal.any` in runtimes that lack it. */

/** A controller that is aborted with another signal, as `AbortSignal.any` would do, which not every edge runtime has. */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #source: AbortSignal | undefined;

  constructor(source: AbortSignal | undefined) {
    this.#source = source;
    if (source?.aborted) this.abort();
    else source?.addEventListener('abort', this.abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly abort = (): void => {
    this.release();
    this.#controller.abort();
  };

  /** Lets go of the other signal, which may outlive this one by far. */
  release(): void {
    this.#source?.removeEventListener('abort', this.abort);
  }
}
