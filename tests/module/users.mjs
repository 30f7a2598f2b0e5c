/** Users of the module's tests: what is on its way while a device gets another one, and tokens of an auth provider. */

import { createHmac } from 'node:crypto';

import { API } from './network.mjs';

/**
 * Keeps back the answer to the next such request, or the request itself. Returns `held`, which resolves when it is, and what
 * lets it go.
 */
export function keepBack(network, isMeant, when = 'after') {
  let release;
  const held = new Promise((resolve) => {
    network[when] = async (request) => {
      if (!isMeant(request)) return;
      network[when] = async () => {};
      resolve();
      await new Promise((go) => {
        release = go;
      });
    };
  });
  return { held, release: () => release() };
}

/** This browser has another session from now on, by other means than the store's: no tab is told or waited for. */
export async function exchangeSession(browser, { code }) {
  const response = await fetch(`${API}/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ action: 'redeem', code }),
  });
  browser.values.set('claude-session', JSON.stringify({ ...(await response.json()), issuedAt: browser.clock.now() }));
}

/** A token of the auth provider that the service is told to trust. */
export function jwt(subject) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: subject, exp: Math.floor(Date.now() / 1000) + 3_600 };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', process.env.AUTH_JWT_SECRET).update(signed).digest('base64url')}`;
}

export const withProvider = { skip: process.env.AUTH_JWT_SECRET ? false : 'AUTH_JWT_SECRET is not set' };
