/** Exports conversations to files, and imports the sample of the repository. */

import { h } from './dom.js';
import { summaryOf } from './import-report.js';
import { attempt } from './error-messages.js';
import { store } from './store.js';
import { toast } from './toasts.js';

const NOTHING = { updated: 0, skipped: 0 };

/** Imports what the repository brings along to look at. */
export async function importSample() {
  await attempt(async () => {
    const response = await fetch('/sample.json');
    const conversations = await response.json();
    toast(summaryOf({ ...NOTHING, ...(await store.importData(conversations)), rejected: 0 }));
  });
}

export async function exportAll() {
  await attempt(async () => {
    const blob = await store.exportAll();
    download(blob, `conversations-${new Date().toISOString().slice(0, 10)}.ndjson`);
    toast('Everything is in the file that was downloaded. It can be imported again.');
  });
}

export async function exportConversation({ id, title }, format) {
  await attempt(async () => {
    await store.flush();
    const blob = await store.exportConversation(id, format);
    download(blob, `${fileName(title)}.${format === 'markdown' ? 'md' : 'json'}`);
  });
}

/** A title as a file's name, without what some system does not want there. */
function fileName(title) {
  return (
    title
      .replace(/[^\p{L}\p{N} _-]+/gu, '')
      .trim()
      .slice(0, 60) || 'conversation'
  );
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  // The browser has to have begun before the address goes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
