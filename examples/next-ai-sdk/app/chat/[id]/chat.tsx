'use client';

import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, generateId } from 'ai';
import type { OpenedChat } from 'conversation-store/ai-sdk';
import { useRouter } from 'next/navigation';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { openChat, selectVersion } from '../../../lib/actions';
import { Message } from './message';

export function Chat({ initial }: { initial: OpenedChat }) {
  const { id } = initial;
  const router = useRouter();
  const [versions, setVersions] = useState(initial.siblingIds);
  const [input, setInput] = useState('');
  const streamId = useRef(initial.activeStreamId);
  const lastMessageId = useRef(initial.messages.at(-1)?.id);

  const [transport] = useState(
    () =>
      new DefaultChatTransport({
        // The server has the messages before: only the question is sent, and what it follows.
        prepareSendMessagesRequest: ({ messages }) => {
          streamId.current = generateId();
          const body = { message: messages.at(-1), parentId: messages.at(-2)?.id ?? null };
          return { body: { id, streamId: streamId.current, ...body } };
        },
        prepareReconnectToStreamRequest: () => ({
          api: `/api/chat/${id}/stream?lastMessageId=${lastMessageId.current ?? ''}`,
        }),
      }),
  );
  const { messages, setMessages, sendMessage, regenerate, resumeStream, stop, status, error } = useChat({
    id,
    messages: initial.messages,
    resume: initial.activeStreamId !== null,
    transport,
    onFinish: () => void showSaved(),
  });
  lastMessageId.current = messages.at(-1)?.id;
  const isWriting = status === 'submitted' || status === 'streaming';

  /** Which versions there are now, and the title in the list. */
  async function showSaved() {
    setVersions((await openChat(id)).siblingIds);
    router.refresh();
  }

  function show(chat: OpenedChat) {
    setMessages(chat.messages);
    setVersions(chat.siblingIds);
    streamId.current = chat.activeStreamId;
    if (chat.activeStreamId !== null) void resumeStream();
  }

  // Another device may have gone on with this chat.
  useEffect(() => {
    const onVisible = async () => {
      if (document.visibilityState === 'visible' && !isWriting) show(await openChat(id));
    };
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  });

  function send(event: FormEvent) {
    event.preventDefault();
    if (input.trim() === '' || isWriting) return;
    void sendMessage({ text: input });
    setInput('');
  }

  /** An edited question is a new one behind the same message: the old one and its answer stay. */
  function edit(index: number, text: string) {
    setMessages(messages.slice(0, index));
    void sendMessage({ text });
  }

  /** `stop` alone only closes this page's connection: the server goes on for the other ones. */
  async function stopWriting() {
    await fetch(`/api/chat/${id}/stop`, { method: 'POST', body: JSON.stringify({ streamId: streamId.current }) });
    await stop();
  }

  return (
    <main>
      {messages.map((message, index) => (
        <Message
          key={message.id}
          message={message}
          versions={isWriting ? undefined : versions[message.id]}
          onEdit={isWriting ? undefined : (text) => edit(index, text)}
          onRegenerate={isWriting ? undefined : () => void regenerate({ messageId: message.id })}
          onSelect={async (messageId) => show(await selectVersion(id, messageId))}
        />
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={send}>
        <input name="question" value={input} onChange={(event) => setInput(event.target.value)} autoComplete="off" />
        <button type="submit" disabled={isWriting}>
          Send
        </button>
        <button type="button" disabled={!isWriting} onClick={() => void stopWriting()}>
          Stop
        </button>
        <output>{status}</output>
      </form>
    </main>
  );
}
