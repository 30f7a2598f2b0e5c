/** The hook that saves which branch of a thread is shown. */

import { type ExternalStoreBranchChange, useRuntimeAdapters } from '@assistant-ui/react';
import { useCallback } from 'react';
import { ThreadHistory } from './history.js';

/**
 * Remembers which branch is shown, for the next visit and for other devices; assistant-ui tells no history of it. To be
 * called where the runtime of a thread is made, and given to it: `unstable_onBranchChange: useBranchChange()`.
 *
 * A switch that cannot be saved is warned of and otherwise not noticed: all branches are there all the same.
 */
export function useBranchChange(): (change: ExternalStoreBranchChange) => void {
  const history = useRuntimeAdapters()?.history;
  return useCallback(
    ({ headId }: ExternalStoreBranchChange) => {
      if (!(history instanceof ThreadHistory) || headId === null) return;
      history.switchToBranch(headId).catch((error: unknown) => {
        console.warn('conversation-store: the branch that is shown could not be saved.', error);
      });
    },
    [history],
  );
}
