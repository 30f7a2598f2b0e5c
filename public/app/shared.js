/**
 * The page behind a shared link: a conversation as it was when it was shared, read without being anybody. The id stands
 * behind the #, so no server sees it in the page's address.
 */

import { copy } from './dialogs.js';
import { textOf } from './message-parts.js';
import { messageNode } from './message-view.js';
import { describe } from './error-messages.js';
import { counted, dayOf } from './times.js';
import { VirtualList } from './virtual-list.js';

const ESTIMATE = 140;
const GONE = 'This link leads nowhere: it was revoked, has expired, or never existed.';
const UNREACHABLE = 'The server cannot be reached at the moment. Try again later.';

const thread = document.getElementById('thread');
const notice = document.getElementById('notice');
/** @type {HTMLButtonElement} */
const goOn = document.querySelector('#continue');
const expanded = new Set();
let messages = [];
let cursor = null;
let isLoading = false;

const list = new VirtualList(thread, {
  render: ({ entry }) => messageNode(entry, { expand, copy: (message, button) => copy(textOf(message), button) }),
  estimate: ESTIMATE,
  onReachEnd: () => loadMore(),
});

function show(total) {
  const items = messages.map((message) => {
    const isExpanded = expanded.has(message.id);
    return { key: message.id, version: Number(isExpanded), entry: { message, isExpanded } };
  });
  list.setItems(items, total);
}

function expand(id) {
  expanded.add(id);
  show(messages.length);
}

async function read(query) {
  const response = await fetch(`/api/shares?${new URLSearchParams(query)}`, { cache: 'no-store' });
  if (!response.ok) throw new Error(response.status === 404 || response.status === 400 ? GONE : UNREACHABLE);
  return response.json();
}

async function open(id) {
  [messages, cursor] = [[], null];
  try {
    const share = await read({ id });
    document.title = `${share.title} – shared conversation`;
    document.getElementById('title').textContent = share.title;
    document.getElementById('subtitle').textContent =
      `${counted(share.messageCount, 'message')}, as it was on ` +
      `${dayOf(share.createdAt)}; this link ends on ${dayOf(share.expiresAt)}`;
    notice.hidden = true;
    goOn.hidden = false;
    add(share);
  } catch (error) {
    thread.hidden = true;
    notice.hidden = false;
    notice.textContent = error.message === GONE ? GONE : UNREACHABLE;
  }
  thread.removeAttribute('aria-busy');
}

async function loadMore() {
  if (!cursor || isLoading) return;
  isLoading = true;
  try {
    add(await read({ id: location.hash.slice(1), cursor }));
  } catch (error) {
    notice.hidden = false;
    notice.textContent = error.message === GONE ? GONE : UNREACHABLE;
  }
  isLoading = false;
}

function add(page) {
  messages = [...messages, ...page.messages];
  cursor = page.nextCursor;
  show(messages.length);
}

/** Makes a conversation of the reader's own of it, who only now becomes a user, and opens that. */
async function copyToOwn() {
  goOn.disabled = true;
  try {
    const { store } = await import('./store.js');
    const { id } = await store.forkShare(location.hash.slice(1));
    location.assign(`/#/c/${id}`);
  } catch (error) {
    notice.hidden = false;
    notice.textContent = describe(error);
    goOn.disabled = false;
  }
}

goOn.addEventListener('click', copyToOwn);
thread.addEventListener('click', ({ target }) => {
  const button = target instanceof Element && target.closest('[data-action="copy-code"]');
  if (button) copy(button.closest('figure').querySelector('code').textContent, button);
});
// Another link in the same tab.
addEventListener('hashchange', () => location.reload());
open(location.hash.slice(1));
