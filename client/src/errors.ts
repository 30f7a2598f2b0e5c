/** The error that the client's methods reject with. */

/** What the server said about a failure, where it said something. */
export interface StoreErrorDetails {
  /** The HTTP status; 0 where there was no response. */
  status?: number;
  requestId?: string | null;
  revision?: number;
  etag?: string;
  /** Milliseconds. */
  retryAfter?: number;
}

/** What a rejected promise is rejected with: a stable `code`, and what the server said where it said something. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /**
   * The server's code, or one of the client's: `offline`, `circuit_open`, `conversation_deleted`,
   * `conversation_not_found`, `message_not_found`, `invalid_id`, `invalid_message`, `local_storage_full`, `signed_out`,
   * `not_migrated`, `disabled`, `closed`, `no_browser` (as in server-side rendering), `newer_release` (another tab has opened a newer
   * release of the page: reload this one), `account_mismatch`, `user_changed` (the device got another user, or was erased, before it
   * was done; what is sent by itself is tried again), `invalid_archive`.
   */
  readonly code: string;
  /** The HTTP status; 0 where there was no response. */
  readonly status: number;
  /** For the server's logs; null where there was no response. */
  readonly requestId: string | null;
  /** The conversation's current revision, where a write's was stale. */
  readonly revision: number | undefined;
  /** The tag of that state, without quotes. */
  readonly etag: string | undefined;
  /** Milliseconds, where the server said when to come back. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, details: StoreErrorDetails = {}) {
    super(message);
    this.code = code;
    this.status = details.status ?? 0;
    this.requestId = details.requestId ?? null;
    this.revision = details.revision;
    this.etag = details.etag;
    this.retryAfter = details.retryAfter;
  }
}

/** The code of whatever was thrown. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'internal_error';
}
