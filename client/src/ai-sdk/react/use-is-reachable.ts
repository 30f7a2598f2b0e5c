/** A hook for whether requests can reach the server at present. */

import { useSyncStatus } from '../../react/index.js';

/** Whether the server answers, as far as the store knows. */
export function useIsReachable(): boolean {
  const { mode } = useSyncStatus();
  return mode === 'synced' || mode === 'sending';
}
