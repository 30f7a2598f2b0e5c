/** Sessions of the Claude Agent SDK, kept by conversation-store. */

export { StoreError, type StoreErrorDetails } from '../errors.js';
export type { Token } from '../rest/api.js';
export type { Clock } from '../rest/clock.js';
export {
  createSessionStore,
  type SessionStore,
  type SessionStoreOptions,
  type SummarizingStore,
} from './session-store.js';
export type { FoldSummary, SessionEntry, SessionKey, SessionSummary } from './types.js';
