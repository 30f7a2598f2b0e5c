import { readState, writeState } from './records.js';

/**
 * Whose the data here are: `{ user, number }`, the number counting how often they were given to another user or wiped.
 * Several tabs share the data, and any of them may give them away while another waits for an answer of the server. That
 * answer is about what the user before had there, and counts only as long as the tenure in which it was asked for.
 */
const STATE = 'tenure';

const NONE = { user: undefined, number: 0 };

export async function readTenure(tx) {
  return (await readState(tx, STATE)) ?? NONE;
}

/** Whether the data are no longer those that they were in this tenure. */
export async function isOver(tx, { number }) {
  return (await readTenure(tx)).number !== number;
}

/** The data so far belong to nobody: this user is their first, and what was asked for them still counts. */
export function begin(tx, { number }, user) {
  return writeState(tx, STATE, { user, number });
}

/** From now on the data are others, or another's. */
export function succeed(tx, { number }, user) {
  return writeState(tx, STATE, { user, number: number + 1 });
}
