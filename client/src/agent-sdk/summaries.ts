/**
 * The summary of a session, which the SDK folds from its entries. It is a fold of the session's first `summaryCount` entries,
 * and replaces only one of as many entries as it was folded from: so of several writers none overwrites another's, and what is
 * missing is seen.
 */

import { type Api, isRefusal } from '../rest/api.js';
import type { FoldSummary, SessionEntry, SessionKey, SessionSummary, StoredSession } from './types.js';

/** How often a summary is folded again because another writer was faster. */
const ATTEMPTS = 5;

export const mtimeOf = (session: StoredSession): number => Date.parse(session.updatedAt);

/** As the SDK takes it; older than its session where entries were appended since. */
export function summaryOf(session: StoredSession): SessionSummary | undefined {
  const { sessionId, summary, summaryCount, messageCount } = session;
  if (!summary) return undefined;
  return { sessionId, mtime: summaryCount === messageCount ? mtimeOf(session) : summary.mtime, data: summary.data };
}

export interface Appended {
  key: SessionKey;
  path: string;
  /** The session with the entries. */
  session: StoredSession;
  entries: SessionEntry[];
}

/** Brings the summary up to the entries that were appended. */
export async function updateSummary(
  api: Api,
  fold: FoldSummary,
  { key, path, session, entries }: Appended,
  load: () => Promise<SessionEntry[] | null>,
): Promise<void> {
  const mtime = mtimeOf(session);
  let end = session.messageCount;
  let current = session;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const count = current.summaryCount ?? 0;
    if (count >= end) return;
    let previous = summaryOf(current);
    let missing = entries;
    if (count !== end - entries.length) {
      // A writer was stopped between its entries and their summary, or is about to write that.
      previous = undefined;
      missing = (await load()) ?? [];
      end = Math.max(end, missing.length);
    }
    const { data } = fold(previous, key, missing);
    if (await replaceSummary(api, path, count, { summary: { mtime, data }, summaryCount: end })) return;
    current = (await api.send<StoredSession>('GET', `${path}?limit=1`)).body;
  }
}

/** Whether there was still one of so many entries to be replaced. */
async function replaceSummary(
  api: Api,
  path: string,
  count: number,
  fields: Pick<StoredSession, 'summary' | 'summaryCount'>,
): Promise<boolean> {
  try {
    await api.send('PATCH', path, { body: { ...fields, $expected: { summaryCount: count || null } } });
    return true;
  } catch (error) {
    if (isRefusal(error, 'field_mismatch')) return false;
    throw error;
  }
}
