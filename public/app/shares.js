/** Links by which others can read a conversation as it is now. */

import { copyable, openDialog } from './dialogs.js';
import { h } from './dom.js';
import { attempt, describe } from './error-messages.js';
import { confirmShare, saysTheSame } from './share-preview.js';
import { store } from './store.js';
import { counted, dayOf } from './times.js';

const DAY = 86_400_000;

/** How long a link may be valid, in days; null is as long as the server keeps conversations. */
const TTLS = [
  [7, 'a week'],
  [30, 'a month'],
  [1, 'a day'],
  [null, 'as long as the conversation is kept'],
];

const CHANGED =
  'The conversation has changed in between: look at what the link shows before you pass it on, or revoke it.';

function addressOf({ id }) {
  // The id stands behind the #: it is in no log of who fetched which page.
  return `${location.origin}/shared#${id}`;
}

/** Makes a link to a conversation, and shows those there are. */
export async function openShare(conversation) {
  const links = h('ul', { class: 'entries', id: 'share-links', 'aria-live': 'polite' });
  const error = h('p', { class: 'error', role: 'alert' });
  const ttl = h(
    'select',
    {},
    TTLS.map(([days, label]) => h('option', { value: days ?? '' }, label)),
  );
  let newest = null;
  const list = async () => {
    const reading = store.listShares();
    newest = reading;
    const shares = await reading;
    // One that was read earlier lacks what was made since.
    if (newest !== reading) return;
    links.replaceChildren(
      ...shares.filter((share) => share.conversationId === conversation.id).map((share) => shareNode(share, false)),
    );
  };
  const create = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    error.textContent = '';
    try {
      const shown = await confirmShare(conversation, () => links.isConnected);
      if (shown) await make(shown);
    } catch (problem) {
      error.textContent = describe(problem);
    }
    button.disabled = false;
  };
  const make = async (shown) => {
    const options = ttl.value ? { expiresAt: Date.now() + Number(ttl.value) * DAY } : {};
    const { messageCount } = await store.createShare(conversation.id, options);
    if (messageCount !== shown.messages.length || !(await saysTheSame(shown))) error.textContent = CHANGED;
    await list();
  };
  list().catch((problem) => {
    error.textContent = describe(problem);
  });
  await openDialog({
    title: 'Share this conversation',
    body: [
      h(
        'p',
        { class: 'text' },
        'Everybody who has the link can read the conversation as it is now, and nothing that comes later. You can revoke it.',
      ),
      h('label', { class: 'field' }, 'The link is good for', ttl),
      error,
      links,
    ],
    buttons: () => [
      h(
        'button',
        { type: 'button', class: 'primary', id: 'create-share', 'data-focus': true, onclick: create },
        'Create link…',
      ),
    ],
  });
}

/** All links there are. */
export async function openShares() {
  const links = h('ul', { class: 'entries', id: 'share-links' });
  const note = h('p', { class: 'text', role: 'status' }, 'Asking…');
  store.listShares().then(
    (shares) => {
      links.replaceChildren(...shares.map((share) => shareNode(share, true)));
      note.textContent = shares.length
        ? 'Everybody who has one of these links can read what it leads to.'
        : 'There are no shared links.';
    },
    (error) => {
      note.textContent = describe(error);
    },
  );
  await openDialog({ title: 'Shared links', body: [note, links] });
}

function shareNode(share, hasTitle) {
  const revoke = async () => {
    if (await attempt(() => store.deleteShare(share.id))) item.remove();
  };
  const item = h(
    'li',
    {},
    h(
      'div',
      { class: 'about' },
      hasTitle ? share.title : null,
      copyable(addressOf(share), 'Shared link'),
      h('small', {}, `${counted(share.messageCount, 'message')}, until ${dayOf(share.expiresAt)}`),
    ),
    h('button', { type: 'button', class: 'small danger', 'data-action': 'revoke', onclick: revoke }, 'Revoke'),
  );
  return item;
}
