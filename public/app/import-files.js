/** Imports files that are chosen or dropped on the page, and shows their progress and outcome. */

import { openDialog } from './dialogs.js';
import { h } from './dom.js';
import { importReport, summaryOf } from './import-report.js';
import { describe } from './error-messages.js';
import { store } from './store.js';
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
  for (const file of files) await importOne(file);
}

/** Imports a file in a dialog that shows how far it is; closed, it goes on. */
async function importOne(file) {
  const bar = h('progress', { 'aria-label': 'Progress', max: file.size });
  const outcome = h('p', { class: 'text', role: 'status' }, 'Importing…');
  const details = h('div');
  const controller = new AbortController();
  const stop = h('button', { type: 'button', id: 'stop-import', onclick: () => controller.abort() }, 'Stop');
  let last = null;
  const onProgress = (progress) => {
    last = progress.report;
    bar.max = progress.total;
    bar.value = progress.done;
    outcome.textContent = `${percent(progress)} % read. ${summaryOf(last)}`;
  };
  let close = () => {};
  let isOpen = true;
  const closed = openDialog({
    title: `Import: ${file.name}`,
    body: (done) => {
      close = done;
      return [bar, outcome, details];
    },
    buttons: () => [stop],
  }).then(() => {
    isOpen = false;
  });
  try {
    const report = await store.importFile(file, { onProgress, signal: controller.signal });
    outcome.textContent = summaryOf(report);
    details.replaceChildren(...(await importReport(report)));
    if (isPlain(report)) close();
    if (isPlain(report) || !isOpen) toast(summaryOf(report));
  } catch (error) {
    outcome.textContent = failure(error, last);
    if (!isOpen) toast(`${file.name}: ${outcome.textContent}`);
  }
  bar.remove();
  stop.remove();
  await closed;
}

function percent({ done, total }) {
  return total > 0 ? Math.floor((done / total) * 100) : 100;
}

/** Nothing to be said of it but how much it was. */
function isPlain({ files, rejected, skipped, invalidLines, ignored }) {
  const isOwn = files.every(({ format }) => format === 'own');
  return isOwn && rejected + skipped + invalidLines + ignored.length === 0;
}

function failure(error, report) {
  const isStopped = error.name === 'AbortError';
  const why = isStopped ? 'Stopped.' : (UNREADABLE[error.name] ?? describe(error));
  if (!report) return why;
  return `${why} Until then: ${summaryOf(report)} Import the file again to go on; nothing comes twice.`;
}

const UNREADABLE = {
  NotFoundError: 'This cannot be read. Of a folder, drop the files that are in it.',
  NotReadableError: 'This cannot be read. Of a folder, drop the files that are in it.',
  TypeError: 'This archive is broken, or not all of it is there.',
};
