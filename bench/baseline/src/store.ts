/** The baseline's store: its Redis keys, and the operations on conversations. */

import { redis } from './redis.js';
import {
  conversationFields,
  messageFields,
  toMessage,
  toSummary,
  type Conversation,
  type ConversationMessage,
  type ConversationSummary,
} from './model.js';

/** The TTL of conversations and messages in seconds: 90 days. */
const TTL = 90 * 24 * 60 * 60;

const keys = {
  conversations: (user: string) => `user:${user}:conversations`,
  userStats: (user: string) => `user:${user}:stats`,
  conversation: (id: string) => `conversation:${id}`,
  messages: (id: string) => `conversation:${id}:messages`,
  conversationStats: (id: string) => `conversation:${id}:stats`,
  message: (id: string) => `message:${id}`,
};

type Pipeline = ReturnType<typeof redis.pipeline>;

/** Uses as few round trips as its keys allow. */
export class RedisConversationStore {
  /** All conversations with all messages, in three round trips for any number of them. */
  async getAllConversations(user: string): Promise<Conversation[]> {
    const ids = await this.newestIds(user, -1);
    if (ids.length === 0) return [];
    const pipeline = redis.pipeline();
    for (const id of ids) {
      pipeline.hgetall(keys.conversation(id));
      pipeline.zrange(keys.messages(id), 0, -1);
    }
    const replies = await pipeline.exec<string[][]>();
    const messageIds = ids.map((_, i) => replies[2 * i + 1]!);
    const messages = await this.readMessages(messageIds.flat());
    let read = 0;
    return ids.flatMap((_, i) => {
      const summary = toSummary(replies[2 * i]!);
      const own = messages.slice(read, (read += messageIds[i]!.length));
      return summary === null ? [] : [{ ...summary, messages: own.filter((m) => m !== null) }];
    });
  }

  /** The list without messages: enough for a page to start. */
  async listConversations(user: string, limit: number): Promise<ConversationSummary[]> {
    const ids = await this.newestIds(user, limit - 1);
    if (ids.length === 0) return [];
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(keys.conversation(id));
    const replies = await pipeline.exec<string[][]>();
    return replies.map(toSummary).filter((summary) => summary !== null);
  }

  /** Ids and times of the last changes, from which a client with both can see what has changed. */
  async conversationVersions(user: string): Promise<{ id: string; updatedAt: string }[]> {
    const reply = await redis.zrange<string[]>(keys.conversations(user), 0, -1, { withScores: true });
    const versions = [];
    for (let i = 0; i + 1 < reply.length; i += 2) {
      versions.push({ id: reply[i]!, updatedAt: new Date(Number(reply[i + 1])).toISOString() });
    }
    return versions;
  }

  /** With all messages, or with the newest `limit`, in reading order. */
  async getConversation(id: string, limit?: number): Promise<Conversation | null> {
    const pipeline = redis.pipeline();
    pipeline.hgetall(keys.conversation(id));
    pipeline.zrange(keys.messages(id), limit === undefined ? 0 : -limit, -1);
    const [fields, messageIds] = await pipeline.exec<[string[], string[]]>();
    const summary = toSummary(fields);
    if (summary === null) return null;
    const messages = await this.readMessages(messageIds);
    return { ...summary, messages: messages.filter((m) => m !== null) };
  }

  /** In a transaction, so that no reader sees the list of messages while it is empty. */
  async saveConversation(user: string, conversation: Conversation): Promise<void> {
    const { id, messages } = conversation;
    const pipeline = redis.multi();
    pipeline.hset(keys.conversation(id), conversationFields(conversation));
    pipeline.del(keys.messages(id));
    this.writeMessages(pipeline, id, messages);
    this.touch(pipeline, user, id, Date.parse(conversation.updatedAt));
    await pipeline.exec();
  }

  async deleteConversation(user: string, id: string): Promise<void> {
    const messageIds = await redis.zrange<string[]>(keys.messages(id), 0, -1);
    const pipeline = redis.multi();
    pipeline.zrem(keys.conversations(user), id);
    pipeline.del(
      keys.conversation(id),
      keys.messages(id),
      keys.conversationStats(id),
      ...messageIds.map(keys.message),
    );
    await pipeline.exec();
  }

  async addMessages(user: string, id: string, messages: ConversationMessage[]): Promise<void> {
    const now = Date.now();
    const tokens = messages.reduce((sum, message) => sum + (message.tokens?.total ?? 0), 0);
    const pipeline = redis.multi();
    this.writeMessages(pipeline, id, messages);
    pipeline.hset(keys.conversation(id), { updatedAt: String(now) });
    pipeline.hincrby(keys.conversation(id), 'totalTokens', tokens);
    this.touch(pipeline, user, id, now);
    for (const stats of [keys.userStats(user), keys.conversationStats(id)]) {
      pipeline.hincrby(stats, 'messages', messages.length);
      pipeline.hincrby(stats, 'tokens', tokens);
      pipeline.expire(stats, TTL);
    }
    await pipeline.exec();
  }

  async updateMessage(
    user: string,
    id: string,
    messageId: string,
    updates: Partial<ConversationMessage>,
  ): Promise<void> {
    const now = Date.now();
    const pipeline = redis.multi();
    pipeline.hset(keys.message(messageId), messageFields(updates));
    pipeline.expire(keys.message(messageId), TTL);
    pipeline.hset(keys.conversation(id), { updatedAt: String(now) });
    this.touch(pipeline, user, id, now);
    await pipeline.exec();
  }

  private async newestIds(user: string, last: number): Promise<string[]> {
    return redis.zrange<string[]>(keys.conversations(user), 0, last, { rev: true });
  }

  private async readMessages(ids: string[]): Promise<(ConversationMessage | null)[]> {
    if (ids.length === 0) return [];
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(keys.message(id));
    const replies = await pipeline.exec<string[][]>();
    return replies.map(toMessage);
  }

  private writeMessages(pipeline: Pipeline, id: string, messages: ConversationMessage[]): void {
    const members = messages.map((message) => ({
      score: Date.parse(message.timestamp),
      member: message.id,
    }));
    const [first, ...others] = members;
    if (first !== undefined) pipeline.zadd(keys.messages(id), first, ...others);
    for (const message of messages) {
      pipeline.hset(keys.message(message.id), messageFields(message));
      pipeline.expire(keys.message(message.id), TTL);
    }
  }

  /** Updates the position of a conversation in the list and renews its TTL, but not that of its messages. */
  private touch(pipeline: Pipeline, user: string, id: string, updatedAt: number): void {
    pipeline.zadd(keys.conversations(user), { score: updatedAt, member: id });
    for (const key of [keys.conversations(user), keys.conversation(id), keys.messages(id)]) {
      pipeline.expire(key, TTL);
    }
  }
}
