/** Threads of assistant-ui, kept by conversation-store. */

export type { Token } from '../rest/api.js';
export type { Clock } from '../rest/clock.js';
export { StoreError, type StoreErrorDetails } from '../errors.js';
export { useBranchChange } from './branches.js';
export { useSavingTransport } from './saving-transport.js';
export { createThreadListAdapter, type ThreadListAdapter, type ThreadListOptions } from './thread-list.js';
