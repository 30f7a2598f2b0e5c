/** Forwards requests for conversation-store, so that the page needs no second origin. */

/** The address of the API of conversation-store. */
const api = process.env.CONVERSATION_STORE_URL ?? 'http://127.0.0.1:3000/api';

/**
 * What is no route of this application goes there, so that the browser reaches it at this address as well. As a `fallback`: any
 * other rewrite, and one in `vercel.json`, would come before `/api/chat/[id]/…`.
 */
export default {
  rewrites: async () => ({ fallback: [{ source: '/api/:path*', destination: `${api}/:path*` }] }),
};
