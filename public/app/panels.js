/** The panels that the address can open in place of a conversation, such as the trash. */

import { showExpiring } from './expiring.js';
import { showTrash } from './trash.js';
import { showUsage } from './usage.js';

export const PANELS = {
  usage: { title: 'Usage', subtitle: 'As the server counts it', show: showUsage },
  trash: { title: 'Trash', subtitle: 'On all your devices', show: showTrash },
  expiring: { title: 'What expires soon', subtitle: 'As the server has it', show: showExpiring },
};
