/** The versions of a message: which one is shown, and arrows to the one before and the one after it. */

import { h } from './dom.js';
import { decorate } from './icons.js';

/** Null where there is one version only. `onSwitch(id, step)` is called with the version to show. */
export function versionsNode({ id, siblingIds = [id] }, onSwitch) {
  const at = siblingIds.indexOf(id);
  if (siblingIds.length < 2 || at < 0) return null;
  const go = (step) => {
    const next = siblingIds[at + step];
    if (next !== undefined) onSwitch(next, step);
  };
  const button = (name, label, step) => {
    const isEnd = siblingIds[at + step] === undefined;
    // Not `disabled`: it keeps the focus at the end of the row, too.
    const properties = { type: 'button', class: 'icon', 'data-step': step, 'aria-disabled': isEnd ? 'true' : null };
    return decorate(h('button', { ...properties, onclick: () => go(step) }), name, label);
  };
  const onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(step);
  };
  const count = `${at + 1} / ${siblingIds.length}`;
  return h(
    'div',
    { class: 'versions', role: 'group', 'aria-label': `Version ${at + 1} of ${siblingIds.length}`, onkeydown },
    button('back', 'Version before', -1),
    h('span', { 'aria-hidden': 'true' }, count),
    button('forward', 'Next version', 1),
  );
}
