/** The conversations of this browser, in localStorage. */

const CONVERSATIONS = 'claude-code-conversations';
const CURRENT = 'claude-code-current-conversation';
const MOST = 50;

export interface ConversationMessage {
  id: string;
  type: 'user' | 'assistant' | 'system';
  content: string;
  timestamp: Date;
  streaming?: boolean;
  tokens?: { input: number; output: number; total: number };
  editable?: boolean;
}

export interface Conversation {
  id: string;
  title: string;
  messages: ConversationMessage[];
  createdAt: Date;
  updatedAt: Date;
  totalTokens: number;
}

export class ConversationStore {
  getAllConversations(): Conversation[] {
    const stored = JSON.parse(localStorage.getItem(CONVERSATIONS) ?? '[]') as Conversation[];
    return stored.map((conversation) => ({
      ...conversation,
      createdAt: new Date(conversation.createdAt),
      updatedAt: new Date(conversation.updatedAt),
      messages: conversation.messages.map((message) => ({ ...message, timestamp: new Date(message.timestamp) })),
    }));
  }

  getConversation(id: string): Conversation | null {
    return this.getAllConversations().find((conversation) => conversation.id === id) ?? null;
  }

  saveConversation(conversation: Conversation): void {
    const others = this.getAllConversations().filter(({ id }) => id !== conversation.id);
    localStorage.setItem(CONVERSATIONS, JSON.stringify([conversation, ...others].slice(0, MOST)));
  }

  deleteConversation(id: string): void {
    const others = this.getAllConversations().filter((conversation) => conversation.id !== id);
    localStorage.setItem(CONVERSATIONS, JSON.stringify(others));
  }

  generateTitle(messages: ConversationMessage[]): string {
    const question = messages.find(({ type }) => type === 'user')?.content ?? '';
    return question.split(/\s+/).slice(0, 6).join(' ').slice(0, 50) || 'New Conversation';
  }

  createNewConversation(): Conversation {
    const now = new Date();
    const id = String(now.getTime());
    return { id, title: 'New Conversation', messages: [], createdAt: now, updatedAt: now, totalTokens: 0 };
  }

  getCurrentConversationId(): string | null {
    return localStorage.getItem(CURRENT);
  }

  setCurrentConversationId(id: string): void {
    localStorage.setItem(CURRENT, id);
  }
}

export const conversationStore = new ConversationStore();
