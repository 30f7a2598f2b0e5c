/** Tells failures of the network from errors that the server reported. */

import { codeOf } from '../../errors.js';

/** Whether a request failed without a response: `fetch` tells that with a TypeError, the store with a code. */
export function isNetworkFailure(error: unknown): boolean {
  return error instanceof TypeError || ['offline', 'circuit_open'].includes(codeOf(error));
}
