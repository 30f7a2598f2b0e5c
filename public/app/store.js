/** The page's only store, and the list as first read: both are loaded before the rest of the page. */

import { HybridConversationStore } from '/conversation-store.js';

export const store = new HybridConversationStore();

let first = store.getAllConversations();
// Who takes it hears of a failure.
first.catch(() => {});
const stop = store.on('change', () => {
  first = null;
});

/** The list: as it was read first, unless it has changed since. What takes it listens for changes by then. */
export function takeFirstList() {
  stop();
  return first ?? store.getAllConversations();
}
