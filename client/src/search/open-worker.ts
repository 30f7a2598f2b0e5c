/** Creates the search worker in the one form that bundlers recognise. */

/** Starts the worker, word for word in the form that bundlers know; without one, build.mjs puts in the name of the file. */
export function openWorker(): Worker {
  return new Worker(new URL('../search-worker.js', import.meta.url), { type: 'module' });
}
