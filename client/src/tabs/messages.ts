/** The messages that tabs exchange over their broadcast channel. */

import type { ChangeSource } from '../event-bus.js';
import type { StatusState } from '../status.js';
import type { ConflictEvent, RefusedWrite } from '../types.js';

/** What tabs tell one another over their channel. Tabs of another release may be among them. */
export type TabMessage =
  /** A tab has opened: the leading one tells its status. */
  | { type: 'hello' }
  | { type: 'status'; state: StatusState }
  | { type: 'change'; changed: string[]; deleted: string[]; source: ChangeSource }
  | { type: 'event'; name: 'conflict'; event: ConflictEvent }
  | { type: 'event'; name: 'refused'; event: RefusedWrite }
  /** Something new waits to be sent. */
  | { type: 'outbox' }
  /** Send now what waits, and answer with `flushed`. */
  | { type: 'flush'; id: number }
  | { type: 'flushed'; id: number; error?: { code: string; message: string } }
  /** The user, or all data, has changed: begin anew. */
  | { type: 'user' }
  /** A tab has noticed that the data are another user's. */
  | { type: 'owner' };
