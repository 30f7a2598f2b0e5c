/** Notices, for one tab, that the data on this device have become another user's. */

import type { KnownUser } from '../context.js';
import type { EventBus } from '../event-bus.js';
import type { LocalDatabase } from '../local/database.js';
import { readOwnership, type Ownership } from '../local/ownership.js';

interface Parts {
  database: LocalDatabase;
  bus: EventBus;
  /** What the frontend was told last. */
  users: KnownUser;
}

/**
 * Whose the data are, as far as the frontend of this tab knows. Any tab may change that, and so may a refused token: the
 * frontend is told before it gets a token of the next user, so that nothing of the former one goes out under it.
 */
export class UserWatch {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    // Since the store was opened, or while it was closed, somebody else may have come.
    this.check().catch(() => {});
  }

  /** Looks whose the data are, and tells where they are another user's. Resolves when that is told. */
  async check() {
    const { database, bus, users } = this.#parts;
    const now = await database.run('readonly', readOwnership);
    const { user, number: epoch = 0 } = (await users.known) ?? {};
    if (now.epoch < epoch) return;
    users.known = { user: now.user, number: now.epoch };
    if (isOther({ user, epoch }, now)) bus.emit('user-changed', undefined);
  }
}

/** Data that had no user before, and have none now, are erased and nobody else's. */
function isOther(before: Ownership, now: Ownership) {
  return before.epoch !== now.epoch && (before.user !== undefined || now.user !== undefined);
}
