/** Encodes assistant-ui's own `ThreadMessage` as JSON, and decodes it. */

import {
  type ExportedMessageRepositoryItem,
  fromThreadMessageLike,
  type MessageFormatItem,
  type MessageStorageEntry,
  type ThreadMessage,
  type ThreadMessageLike,
} from '@assistant-ui/react';
import type { Content } from './stored-message.js';

/** As JSON has them, with its times as texts. */
type PlainMessage = Record<string, unknown> & { createdAt?: string; content?: unknown };

/** The format of runtimes that keep assistant-ui's own messages, as `useLocalRuntime` does. */
export const threadMessageFormat = {
  format: 'aui/v0',

  encode({ message, runConfig }: ExportedMessageRepositoryItem): Content {
    const { id: _, ...content } = JSON.parse(JSON.stringify(message, withoutFiles)) as PlainMessage;
    return { ...content, ...(runConfig && { runConfig }) };
  },

  decode(stored: MessageStorageEntry<Content>): ExportedMessageRepositoryItem {
    const { runConfig, ...content } = stored.content;
    const message = dated({ id: stored.id, ...content });
    return {
      parentId: stored.parent_id,
      // One of another client has a text, and none of what else a ThreadMessage has.
      message: 'metadata' in content ? (message as unknown as ThreadMessage) : completed(message, stored.id),
      ...(runConfig !== undefined && {
        runConfig: runConfig as NonNullable<ExportedMessageRepositoryItem['runConfig']>,
      }),
    };
  },

  getId: (message: ThreadMessage): string => message.id,
} satisfies {
  format: string;
  encode(item: MessageFormatItem<ThreadMessage>): Content;
  decode(stored: MessageStorageEntry<Content>): MessageFormatItem<ThreadMessage>;
  getId(message: ThreadMessage): string;
};

/** An attachment's `File` is no JSON; its `content` is what was sent of it. */
function withoutFiles(key: string, value: unknown): unknown {
  const isFile = key === 'file' && typeof Blob !== 'undefined' && value instanceof Blob;
  return isFile ? undefined : value;
}

function completed(message: Content, id: string): ThreadMessage {
  return fromThreadMessageLike(message as unknown as ThreadMessageLike, id, { type: 'complete', reason: 'unknown' });
}

/** With times as `Date`s, also in the messages of sub-agents. */
function dated(message: PlainMessage): Content {
  const { createdAt, content } = message;
  return {
    ...message,
    ...(createdAt !== undefined && { createdAt: new Date(createdAt) }),
    ...(Array.isArray(content) && { content: content.map(datedPart) }),
  };
}

function datedPart(part: { messages?: unknown }): unknown {
  return Array.isArray(part.messages) ? { ...part, messages: part.messages.map(dated) } : part;
}
