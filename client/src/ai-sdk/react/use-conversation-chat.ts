/** The hook that joins the AI SDK's `useChat` with a conversation of the device. */

import { useChat, type UseChatHelpers } from '@ai-sdk/react';
import { type ChatInit, DefaultChatTransport, generateId as newId, type UIMessage } from 'ai';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useConversation, useConversationStore, useMessages } from '../../react/index.js';
import type { Conversation } from '../../types.js';
import type { ChatUser } from './chat-user.js';
import { DeviceChat } from './device-chat.js';
import { DeviceTransport, type TransportSettings } from './device-transport.js';
import { useChatUser, useTell } from './use-chat-user.js';
import { useIsReachable } from './use-is-reachable.js';
import { useUnanswered } from './use-unanswered.js';

/** As `useChat` takes them; the messages come from the device. */
export interface ConversationChatOptions<M extends UIMessage = UIMessage> extends Omit<ChatInit<M>, 'id' | 'messages'> {
  /** Milliseconds between two renderings of an answer that is being written, at least. */
  throttle?: number;
  /**
   * Set where the application's server saves an answer while it writes it (`createResumableStream`) and has a route to
   * follow it: then it is followed here after a reload, and where another tab or device has asked. Without it, this
   * device saves the answer while it is written.
   */
  resume?: boolean;
  /** With `resume`: asks the server to end an answer. `stop()` by itself only ends this page's connection. */
  stopStream?: (streamId: string) => unknown;
}

/** As `useChat` gives it, with what a conversation has beside its messages. */
export interface ConversationChat<M extends UIMessage = UIMessage> extends UseChatHelpers<M> {
  /** Whether the device has not been read yet. */
  readonly isLoading: boolean;
  /** The conversation as the device has it; null where there is none of this id yet. */
  readonly conversation: Conversation<unknown> | null | undefined;
  /** Of a message that has alternatives, the ids of all of them, itself included. */
  readonly siblingIds: Readonly<Record<string, readonly string[]>>;
  /** Shows the branch with this message, down to its newest message. */
  readonly selectVersion: (messageId: string) => Promise<void>;
  /** Whether the last message is a question that nothing answers: `regenerate()` asks it again. */
  readonly isUnanswered: boolean;
  /**
   * Whether that is so for want of a network: then this page asks it again by itself, once, when the server can be reached and
   * has no answer to it.
   */
  readonly isWaiting: boolean;
  /** Whether there are older messages than these. */
  readonly hasOlder: boolean;
  readonly loadOlder: () => Promise<void>;
}

/**
 * `useChat` of the AI SDK on a conversation of the device: its messages are there at once, offline too, what is asked and
 * answered is kept there and goes to the server from there, and what other tabs and devices write appears. Needs a
 * `ConversationStoreProvider` above it.
 *
 * A question that is sent with a `messageId` stands beside the one with this id, as another version of it.
 */
export function useConversationChat<M extends UIMessage = UIMessage>(
  id: string,
  options: ConversationChatOptions<M> = {},
): ConversationChat<M> {
  const { resume = false, stopStream, transport: _, ...init } = options;
  const { data: conversation, isLoading } = useConversation<unknown>(id);
  const { hasOlder, loadOlder } = useMessages<unknown>(id);
  const user = useChatUser();
  const { device, transport } = useDevice<M>(id, user, options);
  const { tell, isPending } = useTell(user, options.onError);
  const shown = useMemo(() => conversation && device.messagesOf(conversation), [device, conversation]);
  const chat = useChat<M>({ ...init, id: device.key, messages: shown ?? [], transport, onError: tell });
  const { clearError, setMessages, resumeStream } = chat;
  const isBusy = chat.status === 'submitted' || chat.status === 'streaming';

  const page = useRef(chat.messages);
  page.current = chat.messages;
  useEffect(() => {
    if (conversation) transport.wasThere = true;
    if (isBusy) return;
    if (conversation === null && transport.wasThere) {
      transport.forget();
      setMessages([]);
      clearError();
    }
    if (conversation && shown && transport.isSettledIn(conversation, shown, page.current)) setMessages(shown);
  }, [isBusy, conversation, shown, transport, setMessages, clearError]);

  const activeStreamId = conversation?.activeStreamId;
  // Without a network, the device may have heard of a stream, and not that it has ended.
  const mayResume = useIsReachable() && resume && !isBusy;
  useEffect(() => {
    if (mayResume && activeStreamId && transport.mayFollow(activeStreamId)) void resumeStream();
  }, [mayResume, activeStreamId, transport, resumeStream]);

  const stop = async () => {
    const own = transport.streamId;
    const streamId = isBusy ? (own ?? activeStreamId) : undefined;
    if (streamId) transport.noteStop(streamId);
    try {
      if (streamId && stopStream) await stopStream(streamId);
    } finally {
      // The answer may have ended by itself, and the connection be the next one's.
      if (transport.streamId === own) await chat.stop();
    }
  };
  const unanswered = useUnanswered(id, chat, conversation);
  isPending.current = isBusy || unanswered.isWaiting;
  return {
    ...chat,
    id,
    stop,
    sendMessage: useSendMessage(chat),
    isLoading,
    conversation,
    siblingIds: useMemo(() => siblingIdsOf(conversation), [conversation]),
    ...unanswered,
    selectVersion: useSelectVersion(id, transport),
    hasOlder,
    loadOlder,
  };
}

/** One for each conversation that is shown, and each user; the transport always uses the options of the last rendering. */
function useDevice<M extends UIMessage>(id: string, user: ChatUser, options: ConversationChatOptions<M>) {
  const store = useConversationStore<unknown>();
  const fallback = useMemo(() => new DefaultChatTransport<M>(), []);
  const { transport = fallback, resume = false, generateId = newId } = options;
  const settings = useRef<TransportSettings<M>>({ transport, resume, generateId });
  settings.current = { transport, resume, generateId };
  return useMemo(() => {
    const device = new DeviceChat<M>(store, id, user);
    return { device, transport: new DeviceTransport<M>(device, () => settings.current) };
  }, [store, id, user]);
}

/** What was chosen, or asked, while a version was fetched is what is shown in the end. */
function useSelectVersion<M extends UIMessage>(id: string, transport: DeviceTransport<M>) {
  const store = useConversationStore<unknown>();
  return useCallback(
    async (messageId: string) => {
      transport.wanted = messageId;
      await store.switchBranch(id, messageId);
      const { wanted } = transport;
      if (wanted !== null && wanted !== messageId) await store.switchBranch(id, wanted).catch(() => undefined);
    },
    [store, id, transport],
  );
}

/** An edited question is a new one behind the same message: the old one and its answer stay. */
function useSendMessage<M extends UIMessage>(chat: UseChatHelpers<M>): UseChatHelpers<M>['sendMessage'] {
  const { messages, setMessages, sendMessage } = chat;
  return useCallback(
    async (message, requestOptions) => {
      const index = message?.messageId ? messages.findIndex(({ id }) => id === message.messageId) : -1;
      if (!message || index < 0) return await sendMessage(message, requestOptions);
      const { messageId: _, ...question } = message;
      setMessages(messages.slice(0, index));
      await sendMessage(question as typeof message, requestOptions);
    },
    [messages, setMessages, sendMessage],
  );
}

function siblingIdsOf(conversation: Conversation<unknown> | null | undefined): Record<string, readonly string[]> {
  const messages = conversation?.messages ?? [];
  return Object.fromEntries(messages.flatMap(({ id, siblingIds }) => (siblingIds ? [[id, siblingIds] as const] : [])));
}
