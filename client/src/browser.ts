/**
 * For pages without a build step:
 *
 * ```js
 * import { HybridConversationStore } from '/conversation-store.js';
 * export const conversationStore = new HybridConversationStore();
 * ```
 */

export * from './index.js';
