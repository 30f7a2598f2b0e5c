/** Taking conversations along: files in, by button or by dropping them on the page, and files out. */

import { openDialog } from './dialogs.js';
import { h } from './dom.js';
import { attempt, describe, describeCode } from './problems.js';
import { store } from './store.js';
import { counted } from './times.js';
import { toast } from './toasts.js';

/** @type {HTMLInputElement} */
const field = document.querySelector('#files');

/** Asks for files and imports them. */
export function chooseFiles() {
  field.click();
}

field.addEventListener('change', () => {
  const files = [...field.files];
  // The same file may be chosen again.
  field.value = '';
  importFiles(files);
});

/** Takes files that are dropped anywhere on the page. */
export function acceptDrops() {
  const curtain = document.getElementById('drop');
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    curtain.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    // Not when it only moves from one element to the next.
    if (event.relatedTarget === null) curtain.hidden = true;
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    curtain.hidden = true;
    importFiles([...event.dataTransfer.files]);
  });
}

async function importFiles(files) {
  for (const file of files) await importData(file, file.name);
}

/** Imports what the repository brings along to look at. */
export async function importSample() {
  await attempt(async () => {
    const response = await fetch('/sample.json');
    const conversations = await response.json();
    await importData(conversations, 'The sample');
  });
}

async function importData(data, name) {
  const bar = h('progress', { 'aria-label': 'Progress' });
  const outcome = h('p', { class: 'text', role: 'status' }, 'Importing…');
  const rejected = h('ul', { class: 'entries' });
  const stop = store.on('progress', ({ task, done, total }) => {
    if (task !== 'import') return;
    bar.max = total;
    bar.value = done;
    outcome.textContent = `${done} of ${counted(total, 'conversation')}…`;
  });
  let close = () => {};
  const closed = openDialog({
    title: `Import: ${name}`,
    body: (done) => {
      close = done;
      return [bar, outcome, rejected];
    },
  });
  try {
    const report = await store.importData(data);
    bar.remove();
    if (report.rejected.length === 0) {
      close();
      toast(summaryOf(report));
    } else {
      outcome.textContent = summaryOf(report);
      rejected.replaceChildren(...report.rejected.map(rejectedNode));
    }
  } catch (error) {
    bar.remove();
    outcome.textContent = describe(error);
  }
  stop();
  await closed;
}

function summaryOf({ imported, unchanged, rejected }) {
  const parts = [`${counted(imported, 'conversation')} imported`];
  if (unchanged) parts.push(`${unchanged} known already`);
  if (rejected.length) parts.push(`${rejected.length} not accepted`);
  return `${parts.join(', ')}.`;
}

function rejectedNode({ id, code }) {
  return h('li', {}, h('div', { class: 'about' }, id ?? 'Without an id', h('small', {}, describeCode(code))));
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
