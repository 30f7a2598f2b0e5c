/** Types of earlier-versions.mjs, for the tests in TypeScript. */

interface Dump {
  version: number;
  records: Record<string, Record<string, unknown>[]>;
}

export function createEarlier(name: string, dump: Dump & { stores: object }): Promise<IDBDatabase>;
export function readAll(name: string): Promise<Dump>;
