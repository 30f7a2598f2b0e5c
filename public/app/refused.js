/** Shows a write that was refused or lost a conflict, so that its text is not lost. */

import { copy } from './dialogs.js';
import { h } from './dom.js';
import { describeCode } from './error-messages.js';
import { store } from './store.js';
import { longTime } from './times.js';

export function refusedNode(write) {
  const text = write.content?.content ?? JSON.stringify(write.content);
  const reason =
    write.code === 'edited_elsewhere' ? 'Replaced by a newer edit of another device.' : describeCode(write.code);
  const item = h(
    'li',
    {},
    h(
      'div',
      { class: 'about' },
      `${write.conversationTitle}: “${text.length > 120 ? `${text.slice(0, 120)}…` : text}”`,
      h('small', {}, `${reason} ${longTime(write.at)}`),
    ),
    h('button', { type: 'button', class: 'small', onclick: (event) => copy(text, event.currentTarget) }, 'Copy'),
    h(
      'button',
      {
        type: 'button',
        class: 'small danger',
        onclick: async () => {
          await store.discardRefused(write.key);
          item.remove();
        },
      },
      'Discard',
    ),
  );
  return item;
}
