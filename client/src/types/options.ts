/** How a store is made. */

import type { Environment } from '../environment.js';
import type { GetToken } from '../net/session.js';

export interface StoreOptions<Time = string> {
  /** Where the API is; default `/api`. Another origin has to be in its `ALLOWED_ORIGINS`, and in the page's CSP. */
  api?: string;
  /**
   * The token of an auth provider's user. Without it the store has an anonymous user of its own. Asked again with
   * `refresh` when the server refuses the last one. Null: nobody is signed in; everything stays on the device.
   */
  getToken?: GetToken;
  /** Whose data this is, a stable id of the account; required with `getToken`. Each account has a database of its own. */
  account?: string;
  /** How times are given back: `readTime: (iso) => new Date(iso)` for Dates. Default: the ISO string. */
  readTime?: (iso: string) => Time;
  /** The messages `getConversation()` and `loadOlder()` give at a time; default 100, at most 100. */
  pageSize?: number;
  /** Whether to import the old localStorage data on start; default true. */
  migrate?: boolean;
  /** False switches the server off, default true. */
  enabled?: boolean;
  /** Parts of the browser to replace, for tests. */
  environment?: Partial<Environment>;
}
