/** The status line: whether what is written is safe, in plain words; and more about it in a dialog. */

import { openRecovery } from './devices.js';
import { confirmDialog, openDialog } from './dialogs.js';
import { h } from './dom.js';
import { showHealth } from './health.js';
import { attempt, describeCode } from './error-messages.js';
import { refusedNode } from './refused.js';
import { store } from './store.js';
import { counted } from './times.js';

const LIVE = {
  stream: 'Changes of other devices arrive at once',
  polling: 'The server is asked for changes now and then',
  resting: 'Resting until this page is used',
  off: 'Not listening for changes',
};

/** The line's words and the colour of its dot. */
function describeStatus({ mode, pending, problem, refused, storage, loading }) {
  const unsent = pending > 0 ? `${counted(pending, 'conversation')} unsent` : 'nothing unsent';
  if (mode === 'local')
    return ['warning', problem ? 'Storage is off: kept on this device only' : 'Kept on this device only'];
  if (mode === 'signed-out') return ['bad', 'Signed out on another device'];
  if (mode === 'offline') return ['warning', `Offline, ${unsent}`];
  if (storage === 'memory') return ['bad', 'This browser keeps nothing: a reload loses what is unsent'];
  if (refused > 0) return ['bad', `${counted(refused, 'change')} not accepted`];
  if (problem) return ['warning', describeCode(problem)];
  if (loading) return ['busy', 'Getting your conversations'];
  if (mode === 'sending') return ['busy', `Syncing, ${unsent}`];
  return mode === 'synced' ? ['good', 'Online, everything saved'] : ['', 'Connecting…'];
}

export class StatusLine {
  #button = document.getElementById('status');
  #text = document.getElementById('status-text');

  constructor() {
    store.on('status', () => this.#show());
    this.#button.addEventListener('click', () => openStatus());
    this.#show();
  }

  #show() {
    const [colour, text] = describeStatus(store.status);
    this.#button.querySelector('.dot').className = `dot ${colour}`;
    this.#button.dataset.mode = store.status.mode;
    // Said again only where it is different: it is read aloud.
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}

/** All there is to know of where things stand. */
export async function openStatus() {
  const facts = h('dl', { class: 'facts' });
  const health = h('span', { id: 'health' }, 'Asking…');
  const show = () =>
    facts.replaceChildren(
      ...factsOf(store.status, health).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    );
  show();
  showHealth(health);
  showRefused(facts);
  const stop = store.on('status', show);
  await openDialog({
    title: 'Status',
    body: [facts],
    buttons: (close) => buttonsFor(store.status, close),
  });
  stop();
}

/** Lists what the server has refused behind a node, where there is any. */
async function showRefused(node) {
  await attempt(async () => {
    const refused = await store.refusedWrites();
    if (refused.length === 0) return;
    node.after(
      h('h3', {}, 'Not accepted by the server, kept here'),
      h('ul', { class: 'entries' }, refused.map(refusedNode)),
    );
  });
}

function factsOf(status, health) {
  return [
    ['State', describeStatus(status)[1]],
    ['Unsent', status.pending ? counted(status.pending, 'conversation') : 'Nothing'],
    ['Live', LIVE[status.live]],
    ['On this device', status.storage === 'indexeddb' ? 'Kept in the browser’s database' : 'In memory only'],
    ['This tab', status.leader ? 'Does the sending for all tabs' : 'Another tab does the sending'],
    ['User', status.userId ?? 'None yet'],
    ['Database', health],
  ];
}

function buttonsFor({ mode }, close) {
  if (mode === 'signed-out') {
    const begin = async () => {
      close();
      const isSure = await confirmDialog({
        title: 'Begin anew?',
        text: 'This device becomes a new user, who gets what is on it. To be the user from before, link it from a device that still is, or enter your recovery code.',
        confirm: 'Begin anew',
        isDangerous: false,
      });
      if (isSure) await attempt(() => store.startNewSession());
    };
    const enter = () => {
      close();
      openRecovery();
    };
    return [
      h('button', { type: 'button', onclick: enter }, 'Enter a code…'),
      h('button', { type: 'button', class: 'primary', onclick: begin }, 'Begin anew…'),
    ];
  }
  const sync = () => attempt(() => store.flush().then(() => store.sync()));
  return [h('button', { type: 'button', onclick: sync }, 'Sync now')];
}
