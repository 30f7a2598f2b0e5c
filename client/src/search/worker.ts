/** The worker of a tab that searches: the index is read, written and searched off the page's thread. */

import { codeOf } from '../errors.js';
import { openIndexedDatabase } from '../local/indexed-database.js';
import { DeviceIndex } from './device-index.js';
import type { WorkerReply, WorkerRequest } from './worker-messages.js';

/** The worker's side of the channel to its page. */
const page = globalThis as unknown as {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(reply: WorkerReply): void;
};

let index: Promise<DeviceIndex> | null = null;

page.onmessage = ({ data: { id, database, query } }) => {
  index ??= open(database);
  index
    .then((opened) => opened.search(query))
    .then(
      (results) => page.postMessage({ id, results }),
      (error) => {
        // It may be possible the next time.
        if (codeOf(error) !== 'newer_release') index = null;
        page.postMessage({ id, error: { code: codeOf(error), message: String(error) } });
      },
    );
};

async function open(name: string) {
  const database = await openIndexedDatabase(name);
  return new DeviceIndex(database, () => page.postMessage({ hasProgressed: true }));
}
