/** What can be done with a message of the open conversation. */

import { copy } from './dialogs.js';
import { textOf } from './message-parts.js';
import { attempt } from './error-messages.js';
import { navigate } from './router.js';
import { store } from './store.js';
import { announce, toast } from './toasts.js';

const NOT_HERE = 'This version is not on this device yet, and the server cannot be reached.';

/**
 * The actions that `messageNode()` takes. Each is of what is open when it begins, which need not be open any more when it ends.
 *
 * @param parts `turns`, and `thread()`, which shows the messages
 */
export function messageActions({ turns, thread }) {
  const regenerate = (reply) =>
    attempt(async () => {
      const { opening } = thread();
      const newId = await turns.regenerate(opening.conversation, reply);
      if (newId === null) return;
      await opening.refresh({ all: true });
      if (opening.isShown) thread().focus(newId);
    });

  const saveEdit = (message, content, isRewritten) =>
    attempt(async () => {
      if (content.trim() === '') return;
      const { opening } = thread();
      if (!isRewritten) await store.updateMessage(opening.id, message.id, { content });
      else if ((await turns.edit(opening.conversation, message, content)) === null) return;
      thread().endEdit(opening, message.id);
      await opening.refresh({ all: true });
    });

  /** Shows another version of a message, and what follows that one. */
  const switchVersion = (messageId, step) =>
    attempt(
      async () => {
        const { opening } = thread();
        if ((await turns.switchTo(opening.id, messageId)) === null) return;
        await opening.refresh({ all: true });
        const message = opening.conversation?.messages.find((one) => one.id === messageId);
        if (!message || !opening.isShown) return;
        thread().focus(messageId, `.versions [data-step="${step}"]`);
        announce(`Version ${message.siblingIds.indexOf(messageId) + 1} of ${message.siblingIds.length}`);
      },
      { offline: NOT_HERE },
    );

  return {
    copy: (message, button) => copy(textOf(message), button),
    regenerate,
    saveEdit,
    switchVersion,
    fork: (message) => fork(thread().opening, message),
  };
}

/** Makes a conversation of its own of all up to a message, and opens it; where something else is open by then, offers to. */
async function fork(opening, message) {
  await attempt(async () => {
    const { id } = await store.forkConversation(opening.id, { messageId: message.id });
    const open = () => navigate(`#/c/${id}`);
    if (!opening.isShown) {
      toast('There is a new conversation, of all up to that message.', { action: 'Open', onAction: open });
      return;
    }
    open();
    toast('This is a new conversation, of all up to that message.');
    document.getElementById('composer-text').focus();
  });
}
