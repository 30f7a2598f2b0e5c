/** Dialogs: the browser's own, which keep the focus and close with Escape. */

import { h } from './dom.js';
import { decorate } from './icons.js';

/**
 * Opens a dialog with this content and these buttons. The result is what `close()` was called with, null by Escape.
 *
 * @param body nodes, or a function that makes them, given `close`
 * @param stays whether it stays when another page is shown behind it: for what is told once
 */
export function openDialog({ title, body, buttons = (_close) => [], className = null, stays = false }) {
  let result = null;
  const dialog = h('dialog', { class: className, 'aria-labelledby': 'dialog-title', 'data-stays': stays });
  const close = (value = null) => {
    result = value;
    dialog.close();
  };
  const content = typeof body === 'function' ? body(close, dialog) : body;
  const footer = buttons(close);
  dialog.append(
    h(
      'header',
      {},
      h('h2', { id: 'dialog-title' }, title),
      decorate(h('button', { type: 'button', class: 'icon', onclick: () => close() }), 'close', 'Close'),
    ),
    h('div', { class: 'dialog-body' }, content),
  );
  if (footer.length) dialog.append(h('footer', {}, footer));
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector('[data-focus]')?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(result);
    });
  });
}

// What a dialog is about is not on the screen any more.
addEventListener('hashchange', () => {
  /** @type {NodeListOf<HTMLDialogElement>} */
  const dialogs = document.querySelectorAll('dialog[open]:not([data-stays])');
  for (const dialog of dialogs) dialog.close();
});

/** Asks before something that cannot be taken back. */
export function confirmDialog({ title, text, confirm, isDangerous = true }) {
  return openDialog({
    title,
    body: [h('p', { class: 'text' }, text)],
    buttons: (close) => [
      h('button', { type: 'button', onclick: () => close(false) }, 'Cancel'),
      h(
        'button',
        {
          type: 'button',
          class: `primary${isDangerous ? ' danger' : ''}`,
          'data-focus': true,
          onclick: () => close(true),
        },
        confirm,
      ),
    ],
  });
}

/** A text to take along, with a button that copies it. */
export function copyable(text, label) {
  const field = h('input', { readonly: true, value: text, 'aria-label': label, onfocus: () => field.select() });
  const button = h('button', { type: 'button', onclick: () => copy(text, button) }, 'Copy');
  return h('div', { class: 'copyable' }, field, button);
}

/** Buttons that say for a moment what became of a copy, each with what puts it back. */
const telling = new Map();

/** Copies a text, and says so on the button for a moment. */
export async function copy(text, button) {
  let told = 'Copied';
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    told = 'Not allowed';
  }
  telling.get(button)?.();
  const before = [...button.childNodes];
  const putBack = () => {
    clearTimeout(timer);
    telling.delete(button);
    button.replaceChildren(...before);
  };
  const timer = setTimeout(putBack, 1500);
  telling.set(button, putBack);
  button.replaceChildren(told);
}
