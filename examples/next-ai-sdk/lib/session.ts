/** The address of the API. */
export const API = process.env.CONVERSATION_STORE_URL ?? 'http://127.0.0.1:3000/api';

/** The cookie with the token of the anonymous user. Scripts cannot read it. */
export const COOKIE = 'conversation-store-token';
