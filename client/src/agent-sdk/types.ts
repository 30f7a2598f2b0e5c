/** The types that the Claude Agent SDK and this adapter exchange, in the shape of the SDK's own. */

export interface SessionKey {
  projectKey: string;
  sessionId: string;
  /** Of what a subagent of the session writes; left out for the session itself. */
  subpath?: string;
}

/** An entry of a session: opaque but for its type and its `uuid`. */
export interface SessionEntry {
  type: string;
  uuid?: string;
  timestamp?: string;
  [name: string]: unknown;
}

/** What the SDK keeps of a session for its list. */
export interface SessionSummary {
  sessionId: string;
  /** When it was written, in milliseconds since 1970, by the server's clock. */
  mtime: number;
  /** The SDK's own. */
  data: Record<string, unknown>;
}

/** The SDK's `foldSessionSummary`. */
export type FoldSummary = (
  previous: SessionSummary | undefined,
  key: SessionKey,
  entries: SessionEntry[],
) => SessionSummary;

/** The conversation that a session is, as far as this adapter reads it. */
export interface StoredSession {
  sessionId: string;
  subpath?: string;
  updatedAt: string;
  messageCount: number;
  summary?: { mtime: number; data: Record<string, unknown> };
  /** Of how many entries the summary is. */
  summaryCount?: number;
}
