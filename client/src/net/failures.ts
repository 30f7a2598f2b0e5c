/** Classifies errors: which pass by themselves, and which are the server's fault. */

interface Failure {
  status: number;
  code: string;
}

/** The operator's budget of the day is used up: the server works, and refuses what costs most. */
const PAUSES = new Set(['newcomers_paused', 'writes_paused', 'service_paused']);

/** Failures that pass by themselves; a refusal does not, nor does storage that is switched off. */
export function isServersFault({ status, code }: Failure): boolean {
  return code !== 'storage_disabled' && !PAUSES.has(code) && (status === 0 || status >= 500);
}

/** Whether the server is at work, but not for this kind of call, until the day is over. */
export function isPaused({ code }: Failure): boolean {
  return PAUSES.has(code) || code === 'too_much_from_address';
}

/** Not this request is refused, but all are, for now. */
export function isPassing(error: Failure): boolean {
  return isTransient(error) || error.status === 401 || ['signed_out', 'storage_disabled'].includes(error.code);
}

/** Whether the same call may succeed later. */
export function isTransient(error: Failure): boolean {
  const { status, code } = error;
  return isServersFault(error) || isPaused(error) || status === 429 || status === 408 || code === 'claim_unfinished';
}
