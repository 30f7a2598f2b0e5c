/** The baseline's data models, in JSON and as fields of hashes. */

export interface ConversationMessage {
  id: string;
  type: 'user' | 'assistant' | 'system';
  content: string;
  timestamp: string;
  streaming?: boolean;
  tokens?: { input: number; output: number; total: number };
  editable?: boolean;
}

export interface ConversationSummary {
  id: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  totalTokens: number;
  mcpServers?: Record<string, unknown>;
}

export interface Conversation extends ConversationSummary {
  messages: ConversationMessage[];
}

/** The fields of a hash. */
export type Fields = Record<string, string>;

export function conversationFields(conversation: Conversation): Fields {
  const fields: Fields = {
    id: conversation.id,
    title: conversation.title,
    createdAt: String(Date.parse(conversation.createdAt)),
    updatedAt: String(Date.parse(conversation.updatedAt)),
    totalTokens: String(conversation.totalTokens),
  };
  if (conversation.mcpServers !== undefined) fields.mcpServers = JSON.stringify(conversation.mcpServers);
  return fields;
}

export function messageFields(message: Partial<ConversationMessage>): Fields {
  const fields: Fields = {};
  if (message.id !== undefined) fields.id = message.id;
  if (message.type !== undefined) fields.type = message.type;
  if (message.content !== undefined) fields.content = message.content;
  if (message.timestamp !== undefined) fields.timestamp = String(Date.parse(message.timestamp));
  if (message.tokens !== undefined) fields.tokens = JSON.stringify(message.tokens);
  if (message.streaming !== undefined) fields.streaming = String(message.streaming);
  if (message.editable !== undefined) fields.editable = String(message.editable);
  return fields;
}

/** `null` for a hash that does not exist. */
export function toSummary(reply: string[]): ConversationSummary | null {
  const fields = toFields(reply);
  if (fields.id === undefined) return null;
  const summary: ConversationSummary = {
    id: fields.id,
    title: fields.title ?? '',
    createdAt: toDate(fields.createdAt),
    updatedAt: toDate(fields.updatedAt),
    totalTokens: Number(fields.totalTokens ?? 0),
  };
  if (fields.mcpServers !== undefined) summary.mcpServers = JSON.parse(fields.mcpServers);
  return summary;
}

/** `null` for a hash that does not exist. */
export function toMessage(reply: string[]): ConversationMessage | null {
  const fields = toFields(reply);
  if (fields.id === undefined) return null;
  const message: ConversationMessage = {
    id: fields.id,
    type: fields.type as ConversationMessage['type'],
    content: fields.content ?? '',
    timestamp: toDate(fields.timestamp),
  };
  if (fields.tokens !== undefined) message.tokens = JSON.parse(fields.tokens);
  if (fields.streaming !== undefined) message.streaming = fields.streaming === 'true';
  if (fields.editable !== undefined) message.editable = fields.editable === 'true';
  return message;
}

/** The reply of HGETALL alternates names and values. */
function toFields(reply: string[]): Partial<Fields> {
  const fields: Partial<Fields> = {};
  for (let i = 0; i + 1 < reply.length; i += 2) fields[reply[i]!] = reply[i + 1]!;
  return fields;
}

function toDate(milliseconds: string | undefined): string {
  return new Date(Number(milliseconds ?? 0)).toISOString();
}
