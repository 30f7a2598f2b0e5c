/** Notices above the list, for decisions that can wait. */

import { h } from './dom.js';
import { announce } from './toasts.js';

const region = document.getElementById('notices');

/**
 * Shows a notice. `actions` are `[label, run]`, the first one being the one it is about; the notice goes with any of them.
 * Returns what takes it away.
 */
export function showNotice(id, text, actions) {
  document.getElementById(id)?.remove();
  const close = () => {
    const hadFocus = node.contains(document.activeElement);
    node.remove();
    // Not to the page's beginning.
    if (hadFocus) document.getElementById('search').focus();
  };
  const button = ([label, run], index) => {
    const choose = () => {
      close();
      run();
    };
    return h(
      'button',
      { type: 'button', class: index === 0 ? 'small primary' : 'small quiet', onclick: choose },
      label,
    );
  };
  const node = h('section', { class: 'notice', id }, h('p', {}, text), h('div', {}, actions.map(button)));
  region.append(node);
  announce(text);
  return close;
}
