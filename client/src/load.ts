/** Loads parts of the client on demand, and reports a failure to load them as `offline`. */

import { StoreError } from './errors.js';

/** Loads a part of the client that few pages need. Rejects as if the server could not be reached: it is tried again. */
export async function load<Module>(part: () => Promise<Module>): Promise<Module> {
  try {
    return await part();
  } catch {
    throw new StoreError('offline', 'A part of the client could not be loaded.');
  }
}
