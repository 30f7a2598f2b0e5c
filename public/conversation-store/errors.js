/** What a rejected promise is rejected with: a stable `code`, and what the server said where it said something. */
export class StoreError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ status?: number, requestId?: string | null, revision?: number, etag?: string, retryAfter?: number }} [details]
   */
  constructor(code, message, { status = 0, requestId = null, revision, etag, retryAfter } = {}) {
    super(message);
    this.name = 'StoreError';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    /** The conversation's current revision, where ours was stale. */
    this.revision = revision;
    /** The tag of that state, without quotes. */
    this.etag = etag;
    /** Milliseconds, where the server said when to come back. */
    this.retryAfter = retryAfter;
  }
}
