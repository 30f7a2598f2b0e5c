/** The address of conversation-store, and the token of this browser's anonymous user. */

/** The address of the API. */
export const API = '/api';

const KEY = 'conversation-store-token';

let beginning: Promise<string> | undefined;

/**
 * The token of the anonymous user of this browser; on the first visit, of a new one. With an auth provider, return its
 * session's token instead.
 */
export function token(): string | Promise<string> {
  const known = localStorage.getItem(KEY);
  if (known) return known;
  // Requests that are made at the same time are of one user; one that fails lets the next try.
  beginning ??= begin().finally(() => {
    beginning = undefined;
  });
  return beginning;
}

async function begin(): Promise<string> {
  // Two tabs that are opened at the same time are of one user, too.
  return await navigator.locks.request(KEY, async () => {
    const known = localStorage.getItem(KEY);
    if (known) return known;
    const response = await fetch(`${API}/session`, { method: 'POST' });
    if (!response.ok) throw new Error(`No session: ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    localStorage.setItem(KEY, token);
    return token;
  });
}
