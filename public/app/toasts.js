/** Short notices at the bottom of the page, some with a way back. */

import { h } from './dom.js';
import { decorate } from './icons.js';

/** How long a notice stays, in ms: longer where there is something to decide. */
const STAY = 5000;
const STAY_WITH_ACTION = 8000;

const region = document.getElementById('toasts');
const announcer = document.getElementById('announcer');

/**
 * Shows a notice. With an action it has a button; `onGone` is called once when the notice goes away without it.
 * Returns what makes it go away.
 */
export function toast(text, { action = null, onAction = () => {}, onGone = () => {} } = {}) {
  let remaining = action ? STAY_WITH_ACTION : STAY;
  let timer;
  let since;
  const node = h('div', { class: 'toast' }, h('p', {}, text));
  const leave = (settle) => {
    if (!node.isConnected) return;
    clearTimeout(timer);
    node.remove();
    settle();
  };
  const dismiss = () => leave(onGone);
  const run = () => {
    since = Date.now();
    timer = setTimeout(dismiss, remaining);
  };
  const pause = () => {
    clearTimeout(timer);
    remaining = Math.max(1000, remaining - (Date.now() - since));
  };
  if (action) node.append(h('button', { type: 'button', onclick: () => leave(onAction) }, action));
  node.append(decorate(h('button', { type: 'button', class: 'icon', onclick: dismiss }), 'close', 'Dismiss'));
  // Nobody has to hurry who is reading it or on the way to its button.
  node.addEventListener('pointerenter', pause);
  node.addEventListener('pointerleave', run);
  node.addEventListener('focusin', pause);
  node.addEventListener('focusout', run);
  region.append(node);
  announce(action ? `${text} ${action}: press Alt+Z.` : text);
  run();
  return dismiss;
}

/** Presses the button of the newest notice that has one. */
export function takeBack() {
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = region.querySelectorAll('.toast button:not(.icon)');
  [...buttons].at(-1)?.click();
}

/** Says something to those who do not see the page. */
export function announce(text) {
  announcer.textContent = text;
}
