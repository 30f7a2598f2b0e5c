/** The owner of the local data, and the ownership epoch by which late responses are recognised. */

import { StoreError } from '../errors.js';
import type { LocalTransaction } from './database.js';
import { readState, writeState } from './records.js';

/**
 * Whose the data on this device are. Several tabs share them, and any of them may hand them to another user while another
 * tab waits for the server. A response is about what the former user had there, so it counts only within the epoch in
 * which it was asked for.
 */
export interface Ownership {
  user: string | undefined;
  /** How often the data were handed to another user, or wiped. */
  epoch: number;
}

export async function readOwnership(tx: LocalTransaction): Promise<Ownership> {
  const stored = await readState(tx, 'tenure');
  return { user: stored?.user, epoch: stored?.number ?? 0 };
}

/** Whether the data are no longer those of this epoch. */
export async function hasEnded(tx: LocalTransaction, { epoch }: Ownership): Promise<boolean> {
  return (await readOwnership(tx)).epoch !== epoch;
}

/** Rejects where the data are no longer those of this epoch. */
export async function expectEpoch(tx: LocalTransaction, ownership: Ownership): Promise<void> {
  if (await hasEnded(tx, ownership)) throw userChanged();
}

export function userChanged(): StoreError {
  return new StoreError('user_changed', 'The user was changed meanwhile.');
}

/** The data have had no owner so far: this user is the first, and what was asked for them still counts. */
export function assignOwner(tx: LocalTransaction, { epoch }: Ownership, user: string) {
  return writeState(tx, 'tenure', { user, number: epoch });
}

/** From now on the data are others, or another user's. */
export function beginEpoch(tx: LocalTransaction, { epoch }: Ownership, user: string | undefined) {
  return writeState(tx, 'tenure', { user, number: epoch + 1 });
}
