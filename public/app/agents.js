/** The token by which an agent reads the conversations: made, shown once with what to do with it, revoked. */

import { confirmDialog, copy, openDialog } from './dialogs.js';
import { h } from './dom.js';
import { attempt, describe } from './error-messages.js';
import { store } from './store.js';
import { dayOf } from './times.js';
import { toast } from './toasts.js';

/** Whether an agent may read, and what can be done about it. */
export function openAgents() {
  const state = h('p', { class: 'text', id: 'agent-state', role: 'status' }, 'Asking…');
  return openDialog({
    title: 'Let an agent read',
    body: [
      h(
        'p',
        { class: 'text' },
        'An agent such as Claude Code can search and read all of your conversations, and change nothing, with a token of its own.',
      ),
      state,
    ],
    buttons: (close) => {
      const buttons = h('div', { class: 'buttons' });
      showState(state, buttons, close);
      return [buttons];
    },
  });
}

async function showState(state, buttons, close) {
  try {
    const { readTokenCreatedAt: since } = await store.getStatistics();
    const button = (label, run, className) => h('button', { type: 'button', class: className, onclick: run }, label);
    const leaveFor = (next) => () => {
      close();
      next();
    };
    state.textContent = since ? `It has one, made on ${dayOf(since)}. A new one ends it.` : 'It has none.';
    const make = button(since ? 'Make a new token' : 'Make a token', leaveFor(makeToken), 'primary');
    const revoke = since && button('Revoke it…', leaveFor(revokeToken), 'danger');
    buttons.replaceChildren(...[revoke, make].filter(Boolean));
  } catch (error) {
    state.textContent = describe(error);
  }
}

async function makeToken() {
  await attempt(async () => showToken(await store.createReadToken()));
}

/** It is told this once, as the line that gives it to Claude Code. */
function showToken({ token }) {
  const address = new URL('/api/mcp', location.origin);
  const line = `claude mcp add --transport http history ${address} --header "Authorization: Bearer ${token}"`;
  return openDialog({
    title: 'The agent’s token',
    stays: true,
    body: [
      h('p', { class: 'text' }, 'With this line Claude Code can read your conversations. It is shown this once.'),
      h('pre', { class: 'command', id: 'agent-command' }, h('code', {}, line)),
      h(
        'p',
        { class: 'text' },
        'Anybody who has it can read them. What an agent reads may come from strangers: see what it makes of it.',
      ),
    ],
    buttons: (close) => [
      h('button', { type: 'button', onclick: (event) => copy(line, event.currentTarget) }, 'Copy'),
      h('button', { type: 'button', class: 'primary', 'data-focus': true, onclick: () => close() }, 'I have it'),
    ],
  });
}

async function revokeToken() {
  const isSure = await confirmDialog({
    title: 'Revoke the agent’s token?',
    text: 'The agent reads nothing any more. You can make a new one.',
    confirm: 'Revoke it',
  });
  if (isSure && (await attempt(() => store.revokeReadToken()))) toast('The agent’s token is revoked.');
}
