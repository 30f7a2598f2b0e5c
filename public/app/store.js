/** The page's one store. */

import { HybridConversationStore } from '/conversation-store.js';

export const store = new HybridConversationStore();
