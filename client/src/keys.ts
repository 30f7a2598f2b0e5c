/** Keys in localStorage: the data of an earlier frontend, and the mark that it has been migrated. */

/** Keys in localStorage: of what a frontend kept there before, and of the mark that it has been migrated. */
export const OLD_DATA_KEY = 'claude-code-conversations';
export const MIGRATED_KEY = 'claude-migrated-to-redis';
