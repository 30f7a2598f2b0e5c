/** Maps the address to the view that it names, and navigates. */

/**
 * The route of an address's fragment.
 *
 * @returns {{ view: string, id?: string, messageId?: string | null }}
 */
export function parseRoute(hash) {
  const [, view, ...ids] = hash.replace(/^#/, '').split('/');
  if (view === 'c' && ids[0]) return { view: 'conversation', id: ids[0], messageId: ids[1] ?? null };
  if (['new', 'usage', 'trash', 'expiring'].includes(view)) return { view };
  return { view: 'home' };
}

/** The code of a link to another device, and the address without it: `#link=ABCD-EFGH`. */
export function takeLinkCode() {
  const code = /^#link=([A-Za-z0-9-]{8,12})$/.exec(location.hash)?.[1] ?? null;
  // It is good once, and nobody needs it in the history.
  if (location.hash.startsWith('#link=')) history.replaceState(null, '', location.pathname);
  return code;
}

export function linkAddress(code) {
  return `${location.origin}/#link=${code}`;
}

/** Goes to an address; with `replace` without a way back to this one. The page follows before this returns: what is typed
 * next belongs there already. */
export function navigate(hash, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', hash);
  else if (location.hash !== hash) history.pushState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
