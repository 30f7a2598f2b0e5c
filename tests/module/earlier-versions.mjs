/** The local database as earlier releases wrote it. Runs in Node and in a browser. */

/** `dump`: version-1.json or version-2.json, the database of a release of that schema version. */
export async function createEarlier(name, { version, stores, records }) {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    for (const [store, { keyPath, autoIncrement, indexes }] of Object.entries(stores)) {
      const created = request.result.createObjectStore(store, { keyPath, autoIncrement });
      for (const [index, path] of Object.entries(indexes)) created.createIndex(index, path);
    }
  };
  const database = await resultOf(request);
  const transaction = database.transaction(Object.keys(stores), 'readwrite');
  for (const [store, values] of Object.entries(records)) {
    for (const value of values) transaction.objectStore(store).put(value);
  }
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  return database;
}

/** Everything in a database: its version, and the records of each store. */
export async function readAll(name) {
  const database = await resultOf(indexedDB.open(name));
  const records = {};
  for (const store of database.objectStoreNames) {
    records[store] = await resultOf(database.transaction(store).objectStore(store).getAll());
  }
  database.close();
  return { version: database.version, records };
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
