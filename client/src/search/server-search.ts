/** What the server finds, among all of the user's conversations: how it is asked, and how its response is read. */

import type { OpenStore } from '../open.js';
import type { SearchResult } from '../types.js';

/** A page of what the server has found. */
export interface ServerResults {
  results: SearchResult[];
  /** Whether the server has looked at everything. */
  isComplete: boolean;
}

/** Null where the server has no search: an earlier release lists the conversations. */
export async function searchServer(
  { engine }: OpenStore,
  text: string,
  limit: number,
  signal: AbortSignal,
): Promise<ServerResults | null> {
  const { api } = await engine.get();
  const path = `/conversations?${new URLSearchParams({ q: text, limit: String(Math.min(limit, MOST)) })}`;
  const { body } = await api.call<unknown>('GET', path);
  signal.throwIfAborted();
  return readResponse(body);
}

/** The most results that the server gives at a time. */
const MOST = 50;

export function readResponse(_body: unknown): ServerResults | null {
  return null;
}
