/** What a page and its search worker tell one another. */

import type { DeviceQuery, DeviceResults } from './device-index.js';

export interface WorkerRequest {
  id: number;
  /** The name of the database, the same every time. */
  database: string;
  query: DeviceQuery;
}

export type WorkerReply =
  | { id: number; results: DeviceResults }
  | { id: number; error: { code: string; message: string } }
  /** More has been indexed. */
  | { hasProgressed: true };
