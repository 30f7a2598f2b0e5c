/** The entries of a conversation's menu and of the page's. */

import { openAgents } from './agents.js';
import { confirmDialog } from './dialogs.js';
import { openDevices, openRecovery } from './devices.js';
import { chooseFiles } from './import-files.js';
import { attempt } from './error-messages.js';
import { navigate } from './router.js';
import { forgetOffer } from './recovery.js';
import { openShare, openShares } from './shares.js';
import { openHelp } from './shortcuts.js';
import { openStatus } from './status.js';
import { store } from './store.js';
import { THEMES, currentTheme, setTheme } from './theme.js';
import { toast } from './toasts.js';
import { exportAll, exportConversation } from './transfer.js';

/** The entries of a conversation's menu; `actions` are `rename` and `remove`. */
export function conversationEntries(conversation, actions) {
  const { id, pinned, keep, archived } = conversation;
  const update = (updates) => attempt(() => store.updateConversation(id, updates));
  return [
    { icon: 'edit', label: 'Rename', keys: 'F2', run: () => actions.rename(conversation) },
    { icon: 'pin', label: pinned ? 'Unpin' : 'Pin', run: () => update({ pinned: !pinned }) },
    { icon: 'bookmark', label: keep ? 'Let it expire' : 'Keep for good', run: () => update({ keep: !keep }) },
    { icon: 'archive', label: archived ? 'Take out of the archive' : 'Archive', run: () => archive(conversation) },
    null,
    { icon: 'share', label: 'Share…', run: () => openShare(conversation) },
    { icon: 'download', label: 'Export as Markdown', run: () => exportConversation(conversation, 'markdown') },
    { icon: 'download', label: 'Export as JSON', run: () => exportConversation(conversation, 'json') },
    null,
    { icon: 'trash', label: 'Delete', keys: 'Del', danger: true, run: () => actions.remove(conversation) },
  ];
}

async function archive({ id, title, archived }) {
  const set = (value) => attempt(() => store.updateConversation(id, { archived: value }));
  if (!(await set(!archived)) || archived) return;
  toast(`“${title}” is in the archive.`, { action: 'Undo', onAction: () => set(false) });
}

export function pageEntries() {
  return [
    { icon: 'trash', label: 'Trash', run: () => navigate('#/trash') },
    { icon: 'clock', label: 'What expires soon', run: () => navigate('#/expiring') },
    { icon: 'chart', label: 'Usage', run: () => navigate('#/usage') },
    null,
    { icon: 'device', label: 'Link another device…', run: openDevices },
    { icon: 'lifebuoy', label: 'Recovery code…', run: openRecovery },
    { icon: 'link', label: 'Shared links…', run: openShares },
    { icon: 'key', label: 'Let an agent read…', run: openAgents },
    null,
    { icon: 'upload', label: 'Import…', run: chooseFiles },
    { icon: 'download', label: 'Export everything', run: exportAll },
    null,
    themeEntry(),
    { icon: 'pulse', label: 'Status…', run: openStatus },
    { icon: 'key', label: 'Keyboard…', keys: '?', run: openHelp },
    null,
    { icon: 'trash', label: 'Erase everything…', danger: true, run: erase },
  ];
}

/** The switch goes round: as the system has it, light, dark. */
function themeEntry() {
  const current = currentTheme();
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
  const label = { system: 'Colours as the system', light: 'Light colours', dark: 'Dark colours' }[next];
  return { icon: next === 'dark' ? 'moon' : 'sun', label, run: () => setTheme(next) };
}

async function erase() {
  const isSure = await confirmDialog({
    title: 'Erase everything?',
    text:
      'All conversations are deleted at the server and on this device, and disappear from your other devices. ' +
      'Shared links end. This cannot be taken back. Export everything first if you may want it again.',
    confirm: 'Erase everything',
  });
  if (!isSure) return;
  if (await attempt(() => store.eraseEverything())) {
    forgetOffer();
    navigate('#/');
    toast('Everything is erased.');
  }
}
