/** One chat: its messages, and the form for the next question. */

'use client';

import { useConversationChat } from 'conversation-store/ai-sdk/react';
import { type FormEvent, useState } from 'react';
import { stopStream, transport } from '../lib/store';
import { Message } from './message';

export function Thread({ id }: { id: string }) {
  const [input, setInput] = useState('');
  const [problem, setProblem] = useState<Error>();
  const chat = useConversationChat(id, {
    transport,
    resume: true,
    stopStream: (streamId) => stopStream(id, streamId),
  });
  const isWriting = chat.status === 'submitted' || chat.status === 'streaming';
  const error = problem ?? (chat.isWaiting ? undefined : chat.error);

  function send(event: FormEvent) {
    event.preventDefault();
    if (input.trim() === '' || isWriting) return;
    setProblem(undefined);
    void chat.sendMessage({ text: input });
    setInput('');
  }

  return (
    <main>
      {chat.hasOlder && (
        <button type="button" onClick={() => chat.loadOlder().catch(setProblem)}>
          Older messages
        </button>
      )}
      {chat.messages.map((message) => (
        <Message
          key={message.id}
          message={message}
          versions={isWriting ? undefined : chat.siblingIds[message.id]}
          onEdit={isWriting ? undefined : (text) => void chat.sendMessage({ text, messageId: message.id })}
          onRegenerate={isWriting ? undefined : () => void chat.regenerate({ messageId: message.id })}
          onSelect={(messageId) => void chat.selectVersion(messageId).catch(setProblem)}
        />
      ))}
      {chat.isUnanswered && <Unanswered isWaiting={chat.isWaiting} onAsk={() => void chat.regenerate()} />}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={send}>
        <input name="question" value={input} onChange={(event) => setInput(event.target.value)} autoComplete="off" />
        <button type="submit" disabled={isWriting || chat.isLoading}>
          Send
        </button>
        <button type="button" disabled={!isWriting} onClick={() => void chat.stop().catch(setProblem)}>
          Stop
        </button>
        <output>{chat.isLoading ? 'loading' : chat.status}</output>
      </form>
    </main>
  );
}

/** Asked without a network, before a reload, or on another device just now: the question is kept in any case. */
function Unanswered({ isWaiting, onAsk }: { isWaiting: boolean; onAsk: () => void }) {
  return (
    <p>
      {isWaiting ? 'Kept on this device. It is asked when you are online again.' : 'There is no answer yet.'}{' '}
      <button type="button" onClick={onAsk}>
        Ask again
      </button>
    </p>
  );
}
