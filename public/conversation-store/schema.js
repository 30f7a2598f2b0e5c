/**
 * The records a browser keeps.
 *
 * `conversations`, by id:
 *   fields    what a client can set: title, mcpServers, pinned, ... ; `base`: the server's values of those changed here
 *   createdAt, updatedAt  ms;  tokens, count  as shown;  editedAt  ms, when the fields were last changed here
 *   onServer  whether the server has it;  held  whether its newest messages are here
 *   revision  of the server's state that the messages here reflect;  latest  the newest revision heard of
 *   page      { tag, etag } of the state at `revision`: the newest page's ETag as it came, and the state's tag; or null
 *   etag      the tag of the state at `latest`; null where the server had none, missing where it has not told it yet, as in
 *             records of an earlier release;  seenAt  ms, when the server says that was
 *   older     the server's cursor to messages before the verified ones, null where all are here
 *   verified  { at, seq } of the oldest message known to be as at `revision`
 *   deleted   'pending' until the server knows, then 'done';  deletedAt  ms;  movedTo  where its rest lives on
 * `messages`, by conversation and id:
 *   at, seq   timestamp in ms, and the order of those that share one;  shown  0 where it waits to be deleted
 *   body      all of its fields but the id; `base`: the server's values of those changed here
 *   fresh     not on the server;  removed  to be deleted there;  dirty  1 where anything waits to be sent
 * `outbox`, by conversation, and under '*' for an import of several:
 *   request   the one under way, exactly as it was first sent, with its key; null where the next is still to be made
 *   created, since, touched  ms: of the first change, of the first not yet in a request, of the last
 *   open      whether more of the same turn is about to come;  isBulk  to be sent by import;  isAdopted  was another user's
 *   split     one message at a time;  refresh  what the server has is to be asked first;  holdUntil  ms
 * `refused`, numbered: contents that the server refused
 * `state`, by name: cursor, tenure, and the like
 */
export const VERSION = 1;

export const STORES = {
  conversations: { keyPath: 'id', indexes: {} },
  messages: {
    keyPath: ['conversation', 'id'],
    indexes: { order: ['conversation', 'shown', 'at', 'seq'], dirty: ['conversation', 'dirty'] },
  },
  outbox: { keyPath: 'conversation', indexes: {} },
  refused: { keyPath: 'key', autoIncrement: true, indexes: {} },
  state: { keyPath: 'name', indexes: {} },
};
