/** The trash: what was deleted, until it goes for good. */

import { forgetDeletion } from './deletions.js';
import { confirmDialog } from './dialogs.js';
import { h } from './dom.js';
import { ListedConversations } from './listed.js';
import { attempt } from './error-messages.js';
import { navigate } from './router.js';
import { store } from './store.js';
import { counted, dayOf, remaining } from './times.js';
import { toast } from './toasts.js';

/** Shows it in a node. */
export async function showTrash(node) {
  const list = new ListedConversations({
    id: 'trash-list',
    read: (cursor) => store.listTrash({ cursor }),
    line: (conversation) => line(conversation, list),
    nothing: 'The trash is empty.',
  });
  const empty = h('button', { type: 'button', class: 'danger', id: 'empty-trash', hidden: true }, 'Empty the trash…');
  empty.addEventListener('click', () => emptyTrash(list, empty));
  node.replaceChildren(
    h(
      'div',
      { class: 'retention' },
      h(
        'div',
        { class: 'intro' },
        h('p', {}, 'What you delete stays here for a while, and can be restored with all its messages.'),
        empty,
      ),
      list.nodes,
    ),
  );
  await list.load();
  empty.hidden = list.isEmpty;
}

function line(conversation, list) {
  const { title, messageCount, deletedAt, expiresAt } = conversation;
  const button = (label, className, onclick) =>
    h('button', { type: 'button', class: className, onclick, 'aria-label': `${label}: ${title}` }, label);
  const node = h(
    'li',
    {},
    h(
      'div',
      { class: 'about' },
      h('b', { dir: 'auto' }, title),
      h(
        'small',
        {},
        `${counted(messageCount, 'message')}, deleted on ${dayOf(deletedAt)}, gone for good ${remaining(expiresAt)}`,
      ),
    ),
    button('Restore', 'small', () => restore(conversation, node, list)),
    button('Delete for good…', 'small danger', () => deleteForGood(conversation, node, list)),
  );
  return node;
}

async function restore({ id, title }, node, list) {
  if (!(await attempt(() => store.restoreConversation(id)))) return;
  forgetDeletion(id);
  list.remove(node);
  toast(`“${title}” is restored.`, { action: 'Open', onAction: () => navigate(`#/c/${id}`) });
}

async function deleteForGood({ id, title, deletedAt }, node, list) {
  const isSure = await confirmDialog({
    title: 'Delete it for good?',
    text: `“${title}” cannot be restored then.`,
    confirm: 'Delete for good',
  });
  if (!isSure) return;
  let isInTrash = true;
  const isDeleted = await attempt(
    async () => {
      try {
        await store.deletePermanently(id, { deletedAt });
      } catch (error) {
        isInTrash = error.code !== 'conversation_not_found';
        throw error;
      }
    },
    { conversation_not_found: `“${title}” was restored meanwhile, and stays.` },
  );
  if (isDeleted || !isInTrash) list.remove(node);
}

async function emptyTrash(list, button) {
  const isSure = await confirmDialog({
    title: 'Empty the trash?',
    text: 'Nothing of what is in it can be restored then.',
    confirm: 'Empty the trash',
  });
  if (!isSure || !(await attempt(() => store.emptyTrash()))) return;
  list.clear();
  button.hidden = true;
  toast('The trash is empty.');
}
