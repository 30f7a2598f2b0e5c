/** Where the demo page begins: listens to the store, the keyboard and the buttons that are always there. */

import { copy } from './dialogs.js';
import { debounce } from './dom.js';
import { finishDeletions } from './deletions.js';
import { decorate, icon } from './icons.js';
import { acceptDrops } from './import-files.js';
import { ListLoading } from './list-loading.js';
import { openMenu } from './menu.js';
import { pageEntries } from './menus.js';
import { Page } from './page.js';
import { attempt, describeCode } from './error-messages.js';
import { navigate } from './router.js';
import { listenForShortcuts } from './shortcuts.js';
import { StatusLine } from './status.js';
import { store } from './store.js';
import { takeBack, toast } from './toasts.js';

/** Changes come in bursts, a reply that is being written above all: the page reads again when one is over, in ms. */
const BURST = 60;

/** When what searches is loaded though nobody has searched yet, in ms: nothing else waits for it by then. */
const PREPARED_AFTER = 3000;

const page = new Page();
/** @type {HTMLInputElement} */
const search = document.querySelector('#search');

function followStore() {
  let [changed, deleted, isForeign] = [[], [], false];
  const refresh = debounce(BURST, () => {
    const change = { changed, deleted, isForeign };
    [changed, deleted, isForeign] = [[], [], false];
    attempt(() => page.refresh(change));
  });
  store.on('change', (change) => {
    changed.push(...change.changed);
    deleted.push(...change.deleted);
    isForeign ||= change.source !== 'tab';
    refresh();
  });
  // What was unsent may be sent, or cannot be: the list tells.
  store.on('status', refresh);
  store.on('refused', ({ code }) => toast(`A change was not accepted: ${describeCode(code)} It is kept under Status.`));
  store.on('conflict', ({ kind, conversationId, movedTo }) => {
    if (kind === 'message-edited')
      toast('A message was edited on another device too. The older edit is kept under Status.');
    if (kind !== 'conversation-deleted') return;
    toast('Another device deleted a conversation in which you wrote since: what you wrote is in a new one.');
    if (location.hash.startsWith(`#/c/${conversationId}`)) navigate(`#/c/${movedTo}`, { replace: true });
  });
}

function listenToSearch() {
  const run = () => page.list.search(search.value);
  search.addEventListener('input', run);
  const prepare = () => store.prepareSearch().catch(() => {});
  // By the first letter the index is there; and what searches is, for somebody who goes offline before.
  search.addEventListener('focus', prepare);
  setTimeout(prepare, PREPARED_AFTER);
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && search.value) {
      search.value = '';
      run();
    }
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      page.list.focus();
    }
  });
}

function listenToButtons() {
  const button = (id, name, label, run) => {
    decorate(document.getElementById(id), name, label).addEventListener('click', run);
  };
  const menu = document.getElementById('menu');
  button('new', 'write', 'New conversation', () => page.create());
  button('menu', 'more', 'Menu', () => openMenu(menu, pageEntries()));
  button('back', 'back', 'Back to the list', () => navigate('#/'));
  document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault();
    document.getElementById('composer-text').focus();
  });
}

function listenToThread() {
  const thread = document.getElementById('thread');
  const toEnd = document.getElementById('to-end');
  toEnd.append(icon('down'), 'Newest messages');
  toEnd.addEventListener('click', () => page.thread.list.scrollToEnd());
  const show = () => {
    toEnd.hidden = thread.hidden || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 400;
  };
  thread.addEventListener('scroll', show, { passive: true });
  addEventListener('hashchange', () => requestAnimationFrame(show));
  thread.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('[data-action="copy-code"]');
    if (button) copy(button.closest('figure').querySelector('code').textContent, button);
  });
}

function openSearch() {
  // On a narrow screen it stands with the list.
  if (search.offsetParent === null) navigate('#/', { replace: true });
  search.focus();
  search.select();
}

new StatusLine();
new ListLoading();
followStore();
listenToSearch();
listenToButtons();
listenToThread();
acceptDrops();
listenForShortcuts({
  search: openSearch,
  create: () => page.create(),
  step: (step) => page.step(step),
  rename: () => page.rename(),
  takeBack,
});
await attempt(finishDeletions);
page.start();
