/** The route that answers a question, and saves both in conversation-store. */

import {
  convertToModelMessages,
  createIdGenerator,
  createUIMessageStreamResponse,
  stepCountIs,
  streamText,
  toUIMessageStream,
  type UIMessage,
  validateUIMessages,
} from 'ai';
import type { ChatStore } from 'conversation-store/ai-sdk';
import { after } from 'next/server';
import { withChats } from '../../../lib/chats';
import { model, tools } from '../../../lib/model';

/** How long an answer may take, in seconds. */
export const maxDuration = 300;

const generateMessageId = createIdGenerator({ prefix: 'msg', size: 16 });

interface Body {
  /** Of the chat; the page has chosen it. */
  id: string;
  /** Of the answer's stream; the page has chosen it, too. */
  streamId: string;
  /** What the page shows, up to the question: some of it may not have come from the device to conversation-store yet. */
  messages: UIMessage[];
}

export function POST(request: Request): Promise<Response> {
  return withChats(request, async (chats) => {
    const { id, streamId, messages } = (await request.json()) as Body;
    const valid = await validateUIMessages({ messages });
    if (valid.at(-1)?.role !== 'user') return new Response('Only questions are answered.', { status: 400 });
    const { headId } = await chats.saveChat({ chatId: id, messages: valid });
    if (!(await chats.setActiveStream(id, streamId))) {
      return new Response('Another answer is being written in this chat.', { status: 409 });
    }
    try {
      return await answer(chats, { id, streamId, messages: valid }, headId);
    } catch (error) {
      await chats.clearActiveStream(id, streamId);
      throw error;
    }
  });
}

/** Streams an answer, and saves it meanwhile: the page may be gone before its end. */
async function answer(chats: ChatStore, { id, streamId, messages }: Body, parentId: string | null): Promise<Response> {
  const abort = new AbortController();
  const result = streamText({
    model,
    tools,
    messages: await convertToModelMessages(messages, { ignoreIncompleteToolCalls: true }),
    stopWhen: stepCountIs(5),
    abortSignal: abort.signal,
  });
  const { stream } = chats.createResumableStream({
    chatId: id,
    streamId,
    messages,
    parentId,
    stream: toUIMessageStream({ stream: result.stream, originalMessages: messages, generateMessageId }),
    onStop: () => abort.abort(),
    waitUntil: after,
  });
  return createUIMessageStreamResponse({ stream });
}
