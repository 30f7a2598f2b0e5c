/** The keyboard: what can be done without a mouse, from anywhere on the page. */

import { openDialog } from './dialogs.js';
import { h } from './dom.js';

const HELP = [
  ['/ or Ctrl K', 'Search'],
  ['Alt N', 'New conversation'],
  ['Alt ↑, Alt ↓', 'Conversation above, below'],
  ['↑, ↓', 'In the list: to the next one'],
  ['→', 'In the list: to its options'],
  ['F2', 'Rename'],
  ['Delete', 'In the list: into the trash'],
  ['Alt Z', 'Take back what a notice offers to take back'],
  ['↑', 'In the empty message box: edit your last message'],
  ['←, →', 'At the version of a message: the one before, the next one'],
  ['Enter', 'Send the message; with Shift a new line'],
  ['Ctrl Enter', 'In an edited message: save and rewrite'],
  ['Esc', 'Leave the search, a menu, a dialog, an edit'],
  ['?', 'This help'],
];

/** Calls the commands `{ search, create, step, rename, takeBack }`. */
export function listenForShortcuts(commands) {
  addEventListener('keydown', (event) => {
    const command = commandOf(event, commands);
    if (!command || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    command();
  });
}

function commandOf(event, commands) {
  const isTyping = event.target.matches?.('input, textarea, select');
  const isControl = event.ctrlKey || event.metaKey;
  if (isControl && event.key.toLowerCase() === 'k') return commands.search;
  if (isControl) return null;
  if (event.altKey) {
    // By the key's place: with Alt held, some systems make another character of it.
    return {
      KeyN: commands.create,
      KeyZ: commands.takeBack,
      ArrowDown: () => commands.step(1),
      ArrowUp: () => commands.step(-1),
    }[event.code];
  }
  if (isTyping) return null;
  if (event.key === 'F2' && !event.target.closest?.('#list')) return commands.rename;
  return { '/': commands.search, '?': openHelp }[event.key];
}

export function openHelp() {
  const rows = HELP.flatMap(([keys, text]) => [h('dt', {}, h('kbd', {}, keys)), h('dd', {}, text)]);
  return openDialog({ title: 'Keyboard', body: [h('dl', { class: 'facts' }, rows)] });
}
