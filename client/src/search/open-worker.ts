/** Starts the worker, in the form that bundlers know; build.mjs puts in the name of the file without a bundler. */
export function openWorker(name: string): Worker {
  return new Worker(new URL('../search-worker.js', import.meta.url), { type: 'module', name });
}
