/** The recovery code: offered when there is something to lose, made, renewed, revoked, and shown once. */

import { confirmDialog, copy, openDialog } from './dialogs.js';
import { h } from './dom.js';
import { showNotice } from './notices.js';
import { attempt, describe } from './error-messages.js';
import { recall, remember } from './remembered.js';
import { store } from './store.js';
import { dayOf } from './times.js';
import { toast } from './toasts.js';

const KEY = 'recovery-offer';

/** From so many messages of the user's own on there is something to lose. */
const ENOUGH = 3;

/** Notes that the user has written a message. */
export async function noteOwnMessage() {
  const { sent = 0, isSettled } = recall(KEY);
  if (isSettled) return;
  remember(KEY, { sent: sent + 1 });
  // What the browser answers is no concern of the user's.
  if (sent + 1 === ENOUGH) store.persist().catch(() => {});
  await offerRecovery();
}

/** Offers a code where there is something to lose and no code, until that has been answered. */
export async function offerRecovery() {
  const { sent = 0, isSettled } = recall(KEY);
  if (isSettled || sent < ENOUGH || document.getElementById('recovery-offer')) return;
  try {
    const { recoveryCodeCreatedAt } = await store.getStatistics();
    if (recoveryCodeCreatedAt !== null) settle();
    else if (!recall(KEY).isSettled) showOffer();
  } catch {
    // Without the server there is no code to be had: it is offered another time.
  }
}

function showOffer() {
  const text =
    'Only this browser knows that these conversations are yours. If its data are cleared, a recovery code brings them back.';
  showNotice('recovery-offer', text, [
    ['Make a recovery code', makeCode],
    ['Not now', settle],
  ]);
}

function settle() {
  remember(KEY, { isSettled: true });
}

/** What belongs to the user before: the next one is asked again. */
export function forgetOffer() {
  remember(KEY, {});
  document.getElementById('recovery-offer')?.remove();
}

async function makeCode() {
  await attempt(async () => {
    const { code, createdAt } = await store.createRecoveryCode();
    settle();
    document.getElementById('recovery-offer')?.remove();
    await showCode(code, createdAt);
  });
}

/** It is told this once: to be copied, printed or written down. */
function showCode(code, createdAt) {
  // A line may end behind each of its groups.
  const groups = code.split(/(?<=-)/).map((group) => h('span', {}, group));
  return openDialog({
    title: 'Your recovery code',
    className: 'printable',
    stays: true,
    body: [
      h('p', { class: 'text' }, 'It brings your conversations back on any browser, should this one lose them.'),
      h('output', { class: 'recovery-code', id: 'recovery-code', 'aria-label': 'Recovery code' }, groups),
      h(
        'ul',
        { class: 'recovery-terms' },
        [
          'It is shown this once. Print it, or write it down.',
          'Keep it like a key: anybody who has it can read and change all your conversations.',
          'Enter it under “Recovery code” in the menu of this page, as often as you need.',
          'A new code ends this one.',
        ].map((term) => h('li', {}, term)),
      ),
      h('p', { class: 'text' }, `For ${location.host}, made on ${dayOf(createdAt)}.`),
    ],
    buttons: (close) => [
      h('button', { type: 'button', onclick: (event) => copy(code, event.currentTarget) }, 'Copy'),
      h('button', { type: 'button', onclick: () => print() }, 'Print'),
      h('button', { type: 'button', class: 'primary', 'data-focus': true, onclick: () => close() }, 'I have it'),
    ],
  });
}

/** Whether there is a code, and what can be done about it: part of a dialog, which `close` closes. */
export function recoverySection(close, hasHeading) {
  const state = h('p', { class: 'text', id: 'recovery-state', role: 'status' }, 'Asking…');
  const buttons = h('div', { class: 'buttons' });
  const heading = hasHeading && h('h3', {}, 'Recovery code');
  const section = h('section', { class: 'recovery' }, heading, state, buttons);
  return { section, show: () => showState(state, buttons, close) };
}

async function showState(state, buttons, close) {
  try {
    const { recoveryCodeCreatedAt: since } = await store.getStatistics();
    const button = (label, run, className) => h('button', { type: 'button', class: className, onclick: run }, label);
    state.textContent = since
      ? `You have one, made on ${dayOf(since)}. It brings your conversations back where a browser has lost them.`
      : 'You have none. If the last browser that knows you is cleared, your conversations are lost.';
    const make = button(since ? 'Make a new one…' : 'Make a recovery code', () =>
      leaveFor(close, since ? renew : makeCode),
    );
    const revoke = since && button('Revoke it…', () => leaveFor(close, revokeCode), 'danger');
    buttons.replaceChildren(...[make, revoke].filter(Boolean));
  } catch (error) {
    state.textContent = describe(error);
  }
}

function leaveFor(close, next) {
  close();
  next();
}

async function renew() {
  const isSure = await confirmDialog({
    title: 'Make a new recovery code?',
    text: 'The code that you have is good for nothing then.',
    confirm: 'Make a new one',
    isDangerous: false,
  });
  if (isSure) await makeCode();
}

async function revokeCode() {
  const isSure = await confirmDialog({
    title: 'Revoke the recovery code?',
    text: 'Nobody can come back with it then, you included. You can make a new one.',
    confirm: 'Revoke it',
  });
  if (isSure && (await attempt(() => store.revokeRecoveryCode()))) toast('The recovery code is revoked.');
}
