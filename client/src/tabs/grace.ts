/** A tab hidden for less than this, ms, goes on as before: looking something up does not cost a new stream. */
export const GRACE = 60_000;
