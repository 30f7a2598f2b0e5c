/** The chat: a list of conversations, the open one, and a field for the next question. */

import { useEffect, useState } from 'react';
import { askModel } from './ask-model';
import { type Conversation, type ConversationMessage, conversationStore } from './conversation-store';

export function ChatInterface() {
  const [conversations, setConversations] = useState<Conversation[]>([]);
  const [current, setCurrent] = useState<Conversation | null>(null);
  const [input, setInput] = useState('');

  useEffect(() => {
    setConversations(conversationStore.getAllConversations());
    const id = conversationStore.getCurrentConversationId();
    if (id) setCurrent(conversationStore.getConversation(id));
  }, []);

  function open(id: string) {
    conversationStore.setCurrentConversationId(id);
    setCurrent(conversationStore.getConversation(id));
  }

  function save(conversation: Conversation) {
    conversationStore.saveConversation(conversation);
    setCurrent(conversation);
    setConversations(conversationStore.getAllConversations());
  }

  function remove(id: string) {
    conversationStore.deleteConversation(id);
    setConversations(conversationStore.getAllConversations());
    if (current?.id === id) setCurrent(null);
  }

  async function send() {
    const before = current ?? conversationStore.createNewConversation();
    const question = messageOf('user', input);
    let answer: ConversationMessage = { ...messageOf('assistant', ''), streaming: true };
    setInput('');
    const messages = [...before.messages, question];
    const title = before.messages.length === 0 ? conversationStore.generateTitle(messages) : before.title;
    const withAnswer = () => ({ ...before, title, messages: [...messages, answer], updatedAt: new Date() });
    save(withAnswer());
    conversationStore.setCurrentConversationId(before.id);
    for await (const text of askModel(question.content)) {
      answer = { ...answer, content: answer.content + text };
      save(withAnswer());
    }
    answer = { ...answer, streaming: false };
    save(withAnswer());
  }

  return (
    <main>
      <nav>
        {conversations.map(({ id, title }) => (
          <p key={id} aria-current={id === current?.id}>
            <button type="button" onClick={() => open(id)}>
              {title}
            </button>
            <button type="button" aria-label={`Delete ${title}`} onClick={() => remove(id)}>
              ×
            </button>
          </p>
        ))}
        <button type="button" onClick={() => setCurrent(null)}>
          New
        </button>
      </nav>
      {current?.messages.map((message) => (
        <article key={message.id} data-type={message.type} title={message.timestamp.toLocaleString()}>
          {message.content}
        </article>
      ))}
      <input value={input} onChange={(event) => setInput(event.target.value)} />
      <button type="button" onClick={send}>
        Send
      </button>
    </main>
  );
}

function messageOf(type: ConversationMessage['type'], content: string): ConversationMessage {
  return { id: crypto.randomUUID(), type, content, timestamp: new Date() };
}
