/** The menu component: opens at a button, and can be used from the keyboard. */

import { h } from './dom.js';
import { icon } from './icons.js';

/**
 * Opens a menu at a button. Entries are `{ icon, label, run, danger?, keys? }`, or null for a line between them.
 */
export function openMenu(button, entries) {
  const wasOpen = button.getAttribute('aria-expanded') === 'true';
  if (wasOpen) return;
  const menu = h(
    'div',
    { class: 'menu', role: 'menu', popover: 'auto' },
    entries.map((entry) => entryNode(entry, () => menu)),
  );
  document.body.append(menu);
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  button.setAttribute('aria-expanded', 'true');
  const buttons = [...menu.querySelectorAll('button')];
  buttons[0].focus();
  menu.addEventListener('keydown', (event) => walk(event, buttons, menu));
  menu.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    button.setAttribute('aria-expanded', 'false');
    if (hadFocus && button.isConnected) button.focus();
  });
}

function entryNode(entry, menu) {
  if (!entry) return h('hr');
  const choose = () => {
    menu().hidePopover();
    entry.run();
  };
  return h(
    'button',
    { type: 'button', role: 'menuitem', tabindex: '-1', class: entry.danger ? 'danger' : null, onclick: choose },
    icon(entry.icon),
    entry.label,
    entry.keys ? h('kbd', {}, entry.keys) : null,
  );
}

/** Below the button, or above where there is more room. */
function place(menu, { left, right, top, bottom }) {
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + 4 + height <= innerHeight || top < height;
  const x = left + width > innerWidth - 8 ? right - width : left;
  menu.style.top = `${Math.max(8, below ? bottom + 4 : top - height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
}

function walk(event, buttons, menu) {
  const at = buttons.indexOf(document.activeElement);
  const last = buttons.length - 1;
  const next = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
  if (event.key === 'Tab') menu.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  buttons[next].focus();
}
