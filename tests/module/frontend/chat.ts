/** A small chat frontend, as it uses its store: that it compiles is the test of the types. */

import { StoreError, type ConversationSummary, type MigrationReport } from '../../../public/conversation-store.js';
import { conversationStore, type Conversation, type ConversationMessage } from './conversation-store.js';

let list: ConversationSummary<Date>[] = [];
let current: Conversation | null = null;

export async function start(render: (conversations: ConversationSummary<Date>[]) => void): Promise<() => void> {
  list = await conversationStore.getAllConversations();
  const stop = conversationStore.on('change', async ({ changed, deleted, source }) => {
    list = await conversationStore.getAllConversations();
    if (source === 'tab') return render(list);
    if (current && changed.includes(current.id)) current = await conversationStore.getConversation(current.id);
    if (current && deleted.includes(current.id)) current = null;
    render(list);
  });
  conversationStore.on('status', ({ mode, pending }) => console.log(mode, pending.toFixed()));
  conversationStore.on('conflict', (conflict) => console.log(conflict.kind, conflict.movedTo?.length));
  render(list);
  return stop;
}

export async function send(text: string, answer: AsyncIterable<string>): Promise<void> {
  const conversation: Conversation = current ?? conversationStore.createNewConversation();
  const question: ConversationMessage = { id: 'msg-1', type: 'user', content: text, timestamp: new Date() };
  const reply: ConversationMessage = {
    id: 'msg-2',
    type: 'assistant',
    content: '',
    timestamp: new Date(),
    streaming: true,
  };
  const messages = [...conversation.messages, question, reply];
  const title = conversationStore.generateTitle(messages);
  for await (const part of answer) {
    reply.content += part;
    await conversationStore.saveConversation({ ...conversation, title, messages, updatedAt: new Date() });
  }
  reply.streaming = false;
  await conversationStore.saveConversation({ ...conversation, title, messages });
}

export async function edit(id: string, content: string): Promise<void> {
  if (!current) return;
  try {
    await conversationStore.updateMessage(current.id, id, { content, timestamp: Date.now() });
  } catch (error) {
    if (error instanceof StoreError && error.code === 'conversation_deleted') current = null;
    else throw error;
  }
}

export async function older(): Promise<void> {
  const opened = current && (await conversationStore.getConversation(current.id));
  if (opened?.hasOlder) current = await conversationStore.loadOlder(opened);
}

export async function moveIn(): Promise<string> {
  const report: MigrationReport = await conversationStore.migrate();
  return report.state;
}

export function watch(id: string, show: (messages: readonly ConversationMessage[]) => void): () => void {
  const live = conversationStore.liveConversation(id);
  return live.subscribe(() => show(live.getSnapshot().data?.messages ?? []));
}

// @ts-expect-error: the list has no messages.
export const ofTheList = (await conversationStore.getAllConversations())[0]?.messages;
// @ts-expect-error: a conversation needs an id.
export const withoutId = conversationStore.saveConversation({ title: 'x' });
// @ts-expect-error: there is no such type of message.
export const ofNoType = conversationStore.addMessage('c', { id: 'm', type: 'robot', content: '' });
// @ts-expect-error: there is no such event.
export const ofNoEvent = conversationStore.on('changed', () => {});
