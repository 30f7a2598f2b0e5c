/** The grace period of hidden tabs. */

/** A tab hidden for less than this, ms, keeps its role: looking something up does not cost a new stream. */
export const GRACE = 60_000;
