/** Types of version-1.mjs, for the tests in TypeScript. */

interface Dump {
  version: number;
  records: Record<string, Record<string, unknown>[]>;
}

export function createVersion1(name: string, dump: Dump & { stores: object }): Promise<IDBDatabase>;
export function readAll(name: string): Promise<Dump>;
