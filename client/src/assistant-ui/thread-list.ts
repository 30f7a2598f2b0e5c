/** The thread list adapter for assistant-ui, with the service's conversations as its threads. */

import { type RemoteThreadListAdapter, type ThreadMessage, useAui } from '@assistant-ui/react';
import { useEffect, useMemo, useRef } from 'react';
import { Api, type Token } from '../rest/api.js';
import { type Clock, systemClock } from '../rest/clock.js';
import { generateTitle, newUuid, UNTITLED } from '../text.js';
import { currentItem, ThreadHistory } from './history.js';
import { hashOf } from './ids.js';
import { type StoredThread, ThreadStore } from './thread-store.js';

export interface ThreadListOptions {
  /** The address of the API: `https://chat.example.com/api`. */
  url: string;
  /** The token of the user whose threads these are; a function is asked for every request. */
  token: Token;
  /** How many threads a page of the list has: 20 where it is left out, at most 50. */
  pageSize?: number;
  /** In the place of the global one. */
  fetch?: typeof fetch;
  /** In the place of the system's: for tests. */
  clock?: Clock;
}

/** The adapter that `createThreadListAdapter` makes. */
export type ThreadListAdapter = RemoteThreadListAdapter &
  Required<Pick<RemoteThreadListAdapter, 'unarchive' | 'updateCustom' | 'unstable_useAdapters'>>;

type TitleStream = Awaited<ReturnType<RemoteThreadListAdapter['generateTitle']>>;
type TitleChunk = TitleStream extends ReadableStream<infer Chunk> ? Chunk : never;

/**
 * The threads of a user, and with them the history of each one: for `useRemoteThreadListRuntime`. To be made once, outside
 * of components, or the list is loaded anew.
 *
 * What may succeed when it is sent again is sent up to four times, under one `Idempotency-Key`; then the call rejects with a
 * `StoreError` with the service's code.
 */
export function createThreadListAdapter(options: ThreadListOptions): ThreadListAdapter {
  const { url, token, fetch: send = (...request) => fetch(...request), clock = systemClock } = options;
  const store = new ThreadStore(new Api({ url, token, fetch: send, clock }));
  return {
    async list({ after } = {}) {
      const { threads, nextCursor } = await store.list(after, options.pageSize ?? 20);
      return { threads: threads.map(metadataOf), nextCursor: nextCursor ?? undefined };
    },
    async initialize(threadId, { custom } = {}) {
      const remoteId = remoteIdOf(threadId);
      await store.create(remoteId, custom ? { custom } : {});
      return { remoteId };
    },
    rename: (remoteId, title) => store.patch(remoteId, { title }),
    updateCustom: (remoteId, custom) => store.patch(remoteId, { custom: custom ?? null }),
    archive: (remoteId) => store.patch(remoteId, { archived: true }),
    unarchive: (remoteId) => store.patch(remoteId, { archived: false }),
    delete: (remoteId) => store.delete(remoteId),
    fetch: async (threadId) => metadataOf(await store.read(threadId)),
    async generateTitle(remoteId, messages) {
      // The service makes the same title as soon as the first question is saved, so it need not be told.
      const { title } = metadataOf(await store.read(remoteId));
      return streamOf(title ?? titleOf(messages));
    },
    unstable_useAdapters: function useThreadAdapters() {
      const aui = useAui();
      const latest = useRef(aui);
      useEffect(() => {
        latest.current = aui;
      });
      return useMemo(() => ({ history: new ThreadHistory(store, () => currentItem(latest.current)) }), []);
    },
  };
}

function metadataOf({ id, title, updatedAt, archived, custom }: StoredThread) {
  return {
    status: archived ? ('archived' as const) : ('regular' as const),
    remoteId: id,
    title: title === UNTITLED ? undefined : title,
    lastMessageAt: new Date(updatedAt),
    custom,
  };
}

let page: string | undefined;

/**
 * The same for each attempt to create this thread, so that there is one. Another one on each page: ids of threads that are
 * not yet saved are short, and may meet.
 */
function remoteIdOf(threadId: string): string {
  page ??= newUuid();
  return `thread-${hashOf(`${page} ${threadId}`)}`;
}

/** The first words of the first question; undefined where it has none. */
function titleOf(messages: readonly ThreadMessage[]): string | undefined {
  const title = generateTitle(messages.map(({ role, content }) => ({ type: role, content })));
  return title === UNTITLED ? undefined : title;
}

/** As `createAssistantStream` of assistant-stream makes it, which only assistant-ui itself depends on. */
function streamOf(title: string | undefined): TitleStream {
  const chunks: TitleChunk[] =
    title === undefined
      ? []
      : [
          { type: 'part-start', part: { type: 'text' }, path: [] },
          { type: 'text-delta', textDelta: title, path: [0] },
          { type: 'part-finish', path: [0] },
        ];
  return new ReadableStream<TitleChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
