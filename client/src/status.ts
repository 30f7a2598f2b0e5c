/** The store's status as a function of events, and the tracker that announces its changes. */

import type { EventBus } from './event-bus.js';
import type { ListLoading, LiveMode, StatusMode, StoreStatus } from './types.js';

/** What the tabs of a browser share of the store's status: the leading tab tells the others. */
export interface StatusState {
  /** Conversations with something to send. */
  pending: number;
  /** Refused writes whose content is kept. */
  refused: number;
  /** What last failed, until the server answers again. */
  error: { code: string } | null;
  /** Whether the server has answered since the page was opened. */
  hasSucceeded: boolean;
  live: LiveMode;
  loading: ListLoading | null;
}

export const INITIAL_STATUS: StatusState = {
  pending: 0,
  refused: 0,
  error: null,
  hasSucceeded: false,
  live: 'off',
  loading: null,
};

export type StatusEvent =
  | { type: 'counted'; pending: number; refused: number }
  | { type: 'reached' }
  | { type: 'failed'; code: string }
  | { type: 'live'; live: LiveMode }
  | { type: 'loading'; loading: ListLoading | null }
  | { type: 'loaded' }
  /** The leading tab has told its state. */
  | { type: 'heard'; state: StatusState };

/** The state after an event. */
export function nextStatus(state: StatusState, event: StatusEvent): StatusState {
  switch (event.type) {
    case 'counted':
      return { ...state, pending: event.pending, refused: event.refused };
    case 'reached':
      return { ...state, error: null, hasSucceeded: true };
    case 'failed':
      return { ...state, error: { code: event.code }, loading: null };
    case 'loaded':
      return { ...state, loading: null, hasSucceeded: true };
    case 'loading':
      return { ...state, loading: event.loading };
    case 'live': {
      const isHeard = event.live === 'stream' || event.live === 'polling';
      return { ...state, live: event.live, ...(isHeard && { error: null, hasSucceeded: true }) };
    }
    case 'heard':
      return { ...state, ...event.state };
  }
}

/** What the mode depends on beside the state. */
export interface StatusFacts {
  isEnabled: boolean;
  /** Whether tabs can agree on which of them sends. */
  hasLocks: boolean;
  hasSession: boolean;
  isSignedOut: boolean;
  isOnline: boolean;
}

/** Errors that say that the session counts no more. */
const SIGNED_OUT = new Set(['signed_out', 'invalid_token', 'missing_token']);

export function statusMode(state: StatusState, facts: StatusFacts): StatusMode {
  const code = state.error?.code;
  if (!facts.isEnabled || !facts.hasLocks || code === 'storage_disabled') return 'local';
  if (facts.isSignedOut || (code !== undefined && SIGNED_OUT.has(code))) return 'signed-out';
  if (code === 'account_mismatch') return 'local';
  if (code !== undefined || !facts.isOnline) return 'offline';
  if (state.pending > 0) return 'sending';
  return state.hasSucceeded || !facts.hasSession ? 'synced' : 'starting';
}

/** What is this tab's own. */
interface TabStatus {
  leader: boolean;
  storage: StoreStatus['storage'];
}

/** Keeps the status, and tells when it is another. */
export class StatusTracker {
  readonly #bus: EventBus;
  readonly #facts: () => StatusFacts & { userId: string | null };
  #state = INITIAL_STATUS;
  #tab: TabStatus = { leader: false, storage: 'indexeddb' };
  #last = '';

  constructor(bus: EventBus, facts: () => StatusFacts & { userId: string | null }) {
    this.#bus = bus;
    this.#facts = facts;
  }

  get state(): StatusState {
    return this.#state;
  }

  get current(): StoreStatus {
    const { pending, refused, error, live, loading } = this.#state;
    const facts = this.#facts();
    const mode = statusMode(this.#state, facts);
    const { userId } = facts;
    return { mode, pending, problem: error?.code ?? null, live, userId, refused, loading, ...this.#tab };
  }

  /** Whether everything happens on the device alone. */
  get isWithoutServer(): boolean {
    return ['offline', 'local'].includes(this.current.mode);
  }

  dispatch(event: StatusEvent) {
    this.#state = nextStatus(this.#state, event);
    this.refresh();
  }

  setTab(tab: Partial<TabStatus>) {
    this.#tab = { ...this.#tab, ...tab };
    this.refresh();
  }

  /** Tells the status where it is another than the last one told. */
  refresh() {
    const { current } = this;
    const text = JSON.stringify(current);
    if (text === this.#last) return;
    this.#last = text;
    this.#bus.emit('status', current);
  }
}
