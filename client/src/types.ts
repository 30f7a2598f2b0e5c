/** The types of the store's methods. */

export type * from './types/conversation.js';
export type * from './types/events.js';
export type * from './types/import-file.js';
export type * from './types/options.js';
export type * from './types/search.js';
export type * from './types/server.js';
