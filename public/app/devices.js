/** Linking devices: a code and a QR code here, or the code of another device. */

import { confirmDialog, copy, openDialog } from './dialogs.js';
import { h, s } from './dom.js';
import { attempt, describe } from './problems.js';
import { qrPath } from './qr.js';
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
  showCode(place);
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
      redeemForm(close),
      h('hr', { class: 'rule' }),
      signOut(close),
    ],
  });
  // A device that was linked meanwhile may have brought something along.
  store.sync().catch(() => {});
}

async function showCode(place) {
  try {
    const { code, expiresAt } = await store.createLinkCode();
    const shown = `${code.slice(0, 4)}-${code.slice(4)}`;
    const address = linkAddress(shown);
    place.replaceChildren(
      qrNode(address),
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

function qrNode(text) {
  const { size, path } = qrPath(text);
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

function redeemForm(close) {
  const field = h('input', {
    placeholder: 'ABCD-EFGH',
    maxlength: 12,
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
    h('label', { class: 'field' }, 'Or enter the code of another device', field),
    h('button', { type: 'submit' }, 'Link this device'),
  );
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
  const isSure = await openDialog({
    title: 'Link this device?',
    body: [
      h(
        'p',
        { class: 'text' },
        'It will show the conversations of the device that the code is from, and both stay in step from now on.',
      ),
      count > 0 ? choice : null,
    ],
    buttons: (done) => [
      h('button', { type: 'button', onclick: () => done(false) }, 'Not now'),
      h(
        'button',
        { type: 'button', class: 'primary', 'data-focus': true, onclick: () => done(true) },
        'Link this device',
      ),
    ],
  });
  if (!isSure) return;
  const isLinked = await attempt(() => store.redeemLinkCode(code, { keepLocal: keep.checked }));
  if (isLinked) toast('This device is linked.');
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
