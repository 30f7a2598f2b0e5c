/** The history adapter of a thread: loads, appends and updates messages in the format of its runtime. */

import type {
  AssistantClient,
  ExportedMessageRepositoryItem,
  GenericThreadHistoryAdapter,
  MessageFormatAdapter,
  MessageFormatItem,
  ThreadHistoryAdapter,
} from '@assistant-ui/react';
import { storedIdOf } from './ids.js';
import { type Content, contentOf, idOf, type MessageToStore, type StoredMessage, toStored } from './stored-message.js';
import { threadMessageFormat } from './thread-message-format.js';
import type { ThreadStore, Tree } from './thread-store.js';

/** As much of a thread list item as a history needs. */
export interface ThreadItem {
  getState(): { remoteId?: string | undefined };
  /** Creates the thread, where it is not yet there. */
  initialize(): Promise<{ remoteId: string }>;
}

/** The messages of the thread that is shown: in assistant-ui's own format, or `withFormat` in that of a runtime. */
export class ThreadHistory implements ThreadHistoryAdapter {
  readonly #store: ThreadStore;
  readonly #current: () => ThreadItem;

  constructor(store: ThreadStore, current: () => ThreadItem) {
    this.#store = store;
    this.#current = current;
  }

  load = async () => {
    const { headId, messages } = await this.#own().load();
    return { headId, messages: messages as ExportedMessageRepositoryItem[] };
  };
  append = async (item: ExportedMessageRepositoryItem) => await this.#own().append(item);
  update = async (item: ExportedMessageRepositoryItem) => await this.#own().update(item, item.message.id);
  delete = async (items: ExportedMessageRepositoryItem[]) => await this.#own().delete(items);

  withFormat = <M, F extends Content>(format: MessageFormatAdapter<M, F>) =>
    new FormattedHistory(this.#store, this.#current, format) satisfies GenericThreadHistoryAdapter<M>;

  /** Makes the branch with this message the one that other devices and the next visit show. */
  async switchToBranch(messageId: string): Promise<void> {
    const { remoteId } = this.#current().getState();
    if (remoteId !== undefined) await this.#store.patch(remoteId, { headId: storedIdOf(messageId) });
  }

  #own() {
    return this.withFormat(threadMessageFormat);
  }
}

class FormattedHistory<M, F extends Content> {
  readonly #store: ThreadStore;
  readonly #current: () => ThreadItem;
  readonly #format: MessageFormatAdapter<M, F>;
  #pinned: ThreadItem | undefined;

  constructor(store: ThreadStore, current: () => ThreadItem, format: MessageFormatAdapter<M, F>) {
    this.#store = store;
    this.#current = current;
    this.#format = format;
  }

  /** From now on this history is of the thread that is shown now, whatever is shown later. */
  pin = (): void => {
    this.#pinned = this.#current();
  };

  load = async () => {
    const { remoteId } = this.#thread().getState();
    if (remoteId === undefined) return { headId: null, messages: [] };
    return decoded(await this.#store.load(remoteId), this.#format);
  };

  /** Becomes the head: behind a message that has a follower already it begins a branch. */
  append = async (item: MessageFormatItem<M>): Promise<void> => {
    const message = this.#stored(item, this.#format.getId(item.message));
    const { remoteId } = await this.#thread().initialize();
    await this.#store.append(remoteId, message);
  };

  /** For a message that the runtime is going to append. */
  appendAhead = async (item: MessageFormatItem<M>): Promise<void> => {
    const message = this.#stored(item, this.#format.getId(item.message));
    const { remoteId } = await this.#thread().initialize();
    await this.#store.appendAhead(remoteId, message);
  };

  update = async (item: MessageFormatItem<M>, localMessageId: string): Promise<void> => {
    const message = this.#stored(item, localMessageId);
    const { remoteId } = await this.#thread().initialize();
    await this.#store.put(remoteId, message);
  };

  delete = async (items: MessageFormatItem<M>[]): Promise<void> => {
    const { remoteId } = this.#thread().getState();
    if (remoteId === undefined) return;
    for (const { message } of items) {
      await this.#store.deleteMessage(remoteId, storedIdOf(this.#format.getId(message)));
    }
  };

  /** As it is now: the runtime may go on to change the message while the thread is created. */
  #stored(item: MessageFormatItem<M>, id: string): MessageToStore {
    const { format } = this.#format;
    const stored = toStored(id, item.parentId, format, this.#format.encode(item));
    return JSON.parse(JSON.stringify(stored)) as MessageToStore;
  }

  #thread(): ThreadItem {
    return this.#pinned ?? this.#current();
  }
}

/**
 * The thread in a runtime's format, parents before their followers. What that format does not know is left out, and what
 * follows it follows what it followed.
 */
function decoded<M, F extends Content>({ messages, headId }: Tree, format: MessageFormatAdapter<M, F>) {
  /** By stored id, the id by which the runtime finds this message, or the nearest one before it that it knows. */
  const known = new Map<string, string | null>();
  const shownIdOf = (storedId: string | null | undefined) => (storedId ? (known.get(storedId) ?? null) : null);
  const items: MessageFormatItem<M>[] = [];
  for (const stored of messages) {
    const parentId = shownIdOf(stored.parentId);
    const item = decodedItem(stored, parentId, format);
    if (item) items.push(item);
    known.set(stored.id, item ? idOf(stored) : parentId);
  }
  return { headId: shownIdOf(headId), messages: items };
}

function decodedItem<M, F extends Content>(
  stored: StoredMessage,
  parentId: string | null,
  adapter: MessageFormatAdapter<M, F>,
): MessageFormatItem<M> | undefined {
  const { format } = adapter;
  const content = contentOf(stored, format) as F | undefined;
  if (content === undefined) return undefined;
  try {
    return adapter.decode({ id: idOf(stored), parent_id: parentId, format, content });
  } catch (error) {
    // One message that cannot be read must not take the thread along.
    console.warn(`conversation-store: the message ${stored.id} is left out.`, error);
    return undefined;
  }
}

/** The item of the thread that is shown, which stays that thread's when another one is shown. */
export function currentItem(aui: AssistantClient): ThreadItem {
  const shown = aui.threadListItem;
  if (!shown.source) return shown;
  const { id } = shown.getState();
  const isListed = aui.threads.getState().threadItems.some((item) => item.id === id || item.remoteId === id);
  return isListed ? aui.threads.item({ id }) : shown;
}
