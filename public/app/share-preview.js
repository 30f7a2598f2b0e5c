/** The preview of a share, with likely secrets marked, which has to be confirmed before there is a link. */

import { openDialog } from './dialogs.js';
import { h } from './dom.js';
import { publicTexts } from './public-texts.js';
import { findSecrets, loadRules } from './secrets.js';
import { store } from './store.js';
import { counted } from './times.js';
import { VirtualList } from './virtual-list.js';

const ESTIMATE = 90;

/** How much of a long text is shown, in characters: its beginning, and what is around a secret. */
const BEGINNING = 1500;
const AROUND = 120;

/**
 * Shows all of it; resolves with the conversation as it was shown, null: it is not to be shared. Rejects where it cannot be read.
 *
 * @param isWanted asked when it is read: whether it is still to be shown
 */
export async function confirmShare({ id }, isWanted) {
  const [conversation, rules] = await Promise.all([readAll(id), loadRules()]);
  if (!isWanted()) return null;
  const messages = conversation.messages.map((message) => examine(message, rules));
  const title = { text: conversation.title, secrets: findSecrets(conversation.title, rules) };
  const secrets = [title, ...messages.flatMap(({ texts }) => texts)].flatMap((text) => text.secrets);
  const marked = messages.filter(({ texts }) => texts.some((text) => text.secrets.length > 0));
  const viewport = h('div', {
    class: 'share-preview',
    tabindex: '0',
    role: 'feed',
    'aria-label': 'What will be public',
  });
  const list = new VirtualList(viewport, { render: messageNode, estimate: ESTIMATE });
  const answer = openDialog({
    title: 'This will be public',
    className: 'wide',
    body: [
      h(
        'p',
        { class: 'text' },
        'The title, ',
        h('b', {}, marks(title)),
        `, and ${counted(messages.length, 'message')}:`,
      ),
      secrets.length > 0 ? warning(secrets, marked, list) : h('p', { class: 'text', id: 'no-secrets' }, NONE),
      viewport,
    ],
    buttons: (close) => [
      h('button', { type: 'button', 'data-focus': true, onclick: () => close(false) }, 'Cancel'),
      h(
        'button',
        {
          type: 'button',
          class: `primary${secrets.length ? ' danger' : ''}`,
          id: 'confirm-share',
          onclick: () => close(true),
        },
        secrets.length ? 'Share anyway' : 'Share',
      ),
    ],
  });
  list.setItems(messages);
  return (await answer) ? conversation : null;
}

/** Whether a conversation still says what it said when it was shown; not where it cannot be read any more. */
export async function saysTheSame(shown) {
  const now = await readAll(shown.id).catch(() => null);
  return now !== null && textOf(now) === textOf(shown);
}

function textOf({ title, messages }) {
  const texts = messages.flatMap(publicTexts).filter(({ isMachine }) => !isMachine);
  return JSON.stringify([title, ...texts.map(({ text }) => text)]);
}

const NONE =
  'Nothing in it has the shape of a secret that is known here. A password in plain words has none: look for yourself.';

async function readAll(id) {
  let conversation = await store.getConversation(id);
  while (conversation.hasOlder) conversation = await store.loadOlder(conversation);
  return conversation;
}

function examine(message, rules) {
  const texts = publicTexts(message)
    .map((text) => ({ ...text, secrets: findSecrets(text.text, rules) }))
    .filter(({ isMachine, secrets }) => !isMachine || secrets.length > 0);
  return { key: message.id, version: 0, message, texts };
}

function warning(secrets, marked, list) {
  const kinds = [...new Set(secrets.map(({ name }) => name))].join(', ');
  let next = 0;
  const show = () => {
    const { key } = marked[next % marked.length];
    next += 1;
    list.reveal(key)?.querySelector('mark')?.scrollIntoView({ block: 'center' });
  };
  return h(
    'p',
    { class: 'error', role: 'alert', id: 'found-secrets' },
    `${counted(secrets.length, 'passage')} ${secrets.length === 1 ? 'looks' : 'look'} like a secret (${kinds}). `,
    marked.length > 0 && h('button', { type: 'button', class: 'small', id: 'next-secret', onclick: show }, 'Show'),
  );
}

function messageNode({ message, texts }) {
  return h(
    'article',
    { class: 'public-message' },
    h('b', {}, { user: 'You', system: 'System', tool: 'Tool' }[message.type] ?? 'Assistant'),
    texts.map(textNode),
  );
}

/** What the message says, and folded what else there is; open where there may be a secret in it. */
function textNode(text) {
  const node = h('p', { dir: 'auto' }, marks(text));
  if (text.isMain) return node;
  return h('details', { open: text.secrets.length > 0 }, h('summary', {}, text.where), node);
}

/** A text with its secrets marked; of a long one the beginning, and what is around them. */
function marks({ text, secrets }) {
  const nodes = [];
  let [at, shown] = [0, Math.min(text.length, BEGINNING)];
  for (const { name, start, end } of secrets) {
    nodes.push(...between(text, at, start, shown));
    nodes.push(h('mark', { title: name }, text.slice(start, end)));
    [at, shown] = [end, Math.max(shown, Math.min(text.length, end + AROUND))];
  }
  return [...nodes, ...between(text, at, text.length, shown)];
}

/** What is between two secrets: up to `shown`, and as much in front of the next one. */
function between(text, from, to, shown) {
  const isLast = to === text.length;
  const [first, second] = [Math.max(from, Math.min(shown, to)), isLast ? to : Math.max(from, to - AROUND)];
  if (first >= second) return [text.slice(from, to)];
  return [text.slice(from, first), ' … ', text.slice(second, to)];
}
