/** Reads the user of a token of an auth provider. */

/** Who a provider's token is of, as far as it can be read: only to notice when it becomes another user's. */
export function subjectOf(token: string): string | null {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { iss, sub } = JSON.parse(atob(payload));
    return sub === undefined ? null : JSON.stringify([iss ?? null, sub]);
  } catch {
    return null;
  }
}
