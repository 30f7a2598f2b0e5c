/** Linking devices and coming back: a code and a QR code here, or the code of another device, or a recovery code. */

import { confirmDialog, copy, openDialog } from './dialogs.js';
import { h, s } from './dom.js';
import { attempt, describe } from './error-messages.js';
import { recoverySection } from './recovery.js';
import { linkAddress } from './router.js';
import { store } from './store.js';
import { counted, remaining } from './times.js';
import { toast } from './toasts.js';

export async function openDevices() {
  const place = h(
    'div',
    { class: 'link-code', 'aria-busy': 'true' },
    h('span', { class: 'spinner' }),
    'Asking for a code…',
  );
  const isShown = showCode(place);
  await openDialog({
    title: 'Link another device',
    body: (close) => [
      h(
        'p',
        { class: 'text' },
        'Scan this with the other device, or enter the code there. It then has the same conversations.',
      ),
      place,
      h('hr', { class: 'rule' }),
      redeemForm(close, 'Or enter the code of another device, or a recovery code'),
      h('hr', { class: 'rule' }),
      recoveryIn(close, isShown, true),
      h('hr', { class: 'rule' }),
      signOut(close),
    ],
  });
  // A device that was linked meanwhile may have brought something along.
  store.sync().catch(() => {});
}

/** What there is to say of the recovery code, and a field for one. */
export async function openRecovery() {
  await openDialog({
    title: 'Recovery code',
    body: (close) => [
      recoveryIn(close, Promise.resolve(), false),
      h('hr', { class: 'rule' }),
      redeemForm(close, 'To come back with a code that you have, enter it here'),
    ],
  });
}

/** Asked when the dialog's first request is answered: that may have begun a session, of which there is to be one. */
function recoveryIn(close, isReady, hasHeading) {
  const { section, show } = recoverySection(close, hasHeading);
  isReady.then(show);
  return section;
}

async function showCode(place) {
  try {
    // Few need it.
    const [{ code, expiresAt }, { qrPath }] = await Promise.all([store.createLinkCode(), import('./qr.js')]);
    const shown = `${code.slice(0, 4)}-${code.slice(4)}`;
    const address = linkAddress(shown);
    place.replaceChildren(
      qrNode(qrPath(address)),
      h(
        'div',
        {},
        h('output', { id: 'link-code', 'aria-label': 'Code' }, shown),
        h('span', { class: 'text' }, `Good once, and ends ${remaining(expiresAt)}.`),
        h(
          'button',
          { type: 'button', class: 'small', onclick: (event) => copy(address, event.currentTarget) },
          'Copy as a link',
        ),
      ),
    );
  } catch (error) {
    place.replaceChildren(h('p', { class: 'error' }, describe(error)));
  }
  place.removeAttribute('aria-busy');
}

function qrNode({ size, path }) {
  return s(
    'svg',
    {
      class: 'qr',
      viewBox: `0 0 ${size} ${size}`,
      role: 'img',
      'aria-label': 'QR code of the link',
      'shape-rendering': 'crispEdges',
    },
    s('path', { d: path }),
  );
}

function redeemForm(close, label) {
  const field = h('input', {
    placeholder: 'ABCD-EFGH',
    maxlength: 48,
    autocomplete: 'off',
    spellcheck: 'false',
    id: 'redeem-code',
  });
  return h(
    'form',
    {
      class: 'redeem',
      onsubmit: (event) => {
        event.preventDefault();
        const code = field.value.trim();
        if (!code) return;
        close();
        askToRedeem(code);
      },
    },
    h('label', { class: 'field' }, label, field),
    h('button', { type: 'submit' }, 'Go on'),
  );
}

const LINK = {
  title: 'Link this device?',
  text: 'It will show the conversations of the device that the code is from, and both stay in step from now on.',
  confirm: 'Link this device',
  done: 'This device is linked.',
  redeem: (code, options) => store.redeemLinkCode(code, options),
  messages: {},
};

const RECOVERY = {
  title: 'Bring your conversations back?',
  text: 'This browser will show the conversations that the recovery code belongs to.',
  confirm: 'Bring them back',
  done: 'Your conversations are back.',
  redeem: (code, options) => store.recover(code, options),
  messages: {
    wrong_code: 'This recovery code is of nobody: it was replaced by a newer one, or revoked.',
    invalid_field: 'This recovery code is mistyped.',
  },
};

/** A device's code has 8 letters and digits, a recovery code 28. */
function isRecoveryCode(code) {
  return code.replace(/[^A-Za-z0-9]/g, '').length > 12;
}

/** Asks before this device becomes another user, and what becomes of what is on it. */
export async function askToRedeem(code) {
  const count = await store.countLocalConversations();
  const keep = h('input', { type: 'checkbox', checked: true });
  const choice = h(
    'label',
    {},
    keep,
    h('span', {}, `Take along what is on this device: ${counted(count, 'conversation')}`),
  );
  const { title, text, confirm, done: isDone, redeem, messages } = isRecoveryCode(code) ? RECOVERY : LINK;
  const isSure = await openDialog({
    title,
    body: [h('p', { class: 'text' }, text), count > 0 ? choice : null],
    buttons: (done) => [
      h('button', { type: 'button', onclick: () => done(false) }, 'Not now'),
      h('button', { type: 'button', class: 'primary', 'data-focus': true, onclick: () => done(true) }, confirm),
    ],
  });
  if (!isSure) return;
  if (await attempt(() => redeem(code, { keepLocal: keep.checked }), messages)) toast(isDone);
}

function signOut(close) {
  const ask = async () => {
    close();
    const isSure = await confirmDialog({
      title: 'Sign out all other devices?',
      text: 'They keep what is on them, but get and send nothing more until they are linked again.',
      confirm: 'Sign them out',
    });
    if (!isSure) return;
    if (await attempt(() => store.signOutEverywhere())) toast('All other devices are signed out.');
  };
  return h('button', { type: 'button', class: 'danger', onclick: ask }, 'Sign out all other devices…');
}
