/** Devices with the adapters of assistant-ui, each with a network of its own. The service is a real one. */

import type { MessageFormatAdapter } from '@assistant-ui/react';
import { aiSDKV6FormatAdapter } from 'assistant-cloud/ai-sdk';
import type { UIMessage } from 'ai';
import { Api, type Token } from '../../src/rest/api.js';
import type { Clock } from '../../src/rest/clock.js';
import { ThreadHistory, type ThreadItem } from '../../src/assistant-ui/history.js';
import { createThreadListAdapter, type ThreadListAdapter } from '../../src/assistant-ui/index.js';
import type { Content } from '../../src/assistant-ui/stored-message.js';
import { ThreadStore } from '../../src/assistant-ui/thread-store.js';
import { API, ask, instantClock, Network } from '../ai-sdk/harness.js';

export const FORMAT = aiSDKV6FormatAdapter as MessageFormatAdapter<UIMessage, Content>;

/** A thread as assistant-ui's list has it: created with its first message. */
export class TestThread implements ThreadItem {
  readonly #adapter: ThreadListAdapter;
  readonly #localId: string;
  #remoteId: string | undefined;

  constructor(adapter: ThreadListAdapter, localId: string, remoteId?: string) {
    this.#adapter = adapter;
    this.#localId = localId;
    this.#remoteId = remoteId;
  }

  getState() {
    return { remoteId: this.#remoteId };
  }

  async initialize() {
    this.#remoteId ??= (await this.#adapter.initialize(this.#localId)).remoteId;
    return { remoteId: this.#remoteId };
  }
}

let lastThread = 0;

/** One device of the user with this token, or with several in succession. */
export function openDevice(token: Token, { clock = instantClock }: { clock?: Clock } = {}) {
  const network = new Network();
  const options = { url: API, token, fetch: network.fetch, clock };
  const adapter = createThreadListAdapter(options);
  const store = new ThreadStore(new Api(options));
  const historyOf = (current: () => ThreadItem) => new ThreadHistory(store, current);
  const openThread = (remoteId?: string) => {
    const thread = new TestThread(adapter, `__LOCALID_${++lastThread}`, remoteId);
    const own = historyOf(() => thread);
    return { thread, own, history: own.withFormat(FORMAT), remoteId: async () => (await thread.initialize()).remoteId };
  };
  return { adapter, network, historyOf, openThread };
}

/** A message as the service has it. */
export interface Stored {
  id: string;
  type: string;
  parentId: string | null;
  content: unknown;
  format?: string;
  parts?: unknown[];
  metadata?: unknown;
  assistantUi?: unknown;
}

export async function storedOf(token: string, threadId: string): Promise<Stored[]> {
  return (await ask<{ data: Stored[] }>(token, `/conversations/${threadId}/messages?branches=all&limit=100`)).data;
}

/** The messages behind each other, as a runtime appends them. */
export function chain<M extends { id: string }>(messages: M[], parentId: string | null = null) {
  return messages.map((message, index) => ({ parentId: messages[index - 1]?.id ?? parentId, message }));
}
