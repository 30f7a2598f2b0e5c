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
import { after } from 'next/server';
import { model, tools } from '../../../lib/model';
import { chatStore } from '../../../lib/store';

/** How long an answer may take, in seconds. */
export const maxDuration = 300;

const generateMessageId = createIdGenerator({ prefix: 'msg', size: 16 });

interface Body {
  id: string;
  streamId: string;
  /** The question: a new one, an edited one with a new id, or the one to answer again. */
  message: UIMessage;
  /** What it follows; null at the beginning. */
  parentId: string | null;
}

export async function POST(request: Request): Promise<Response> {
  const { id, streamId, message, parentId } = (await request.json()) as Body;
  const [question] = await validateUIMessages({ messages: [message] });
  if (question?.role !== 'user') return new Response('Only questions are taken.', { status: 400 });

  const store = await chatStore();
  const messages = [...(await store.loadChat(id, { upTo: parentId })), question];
  if (!(await store.setActiveStream(id, streamId))) {
    return new Response('Another answer is being written in this chat.', { status: 409 });
  }
  try {
    const { headId } = await store.saveChat({ chatId: id, messages });
    const abort = new AbortController();
    const result = streamText({
      model,
      tools,
      messages: await convertToModelMessages(messages),
      stopWhen: stepCountIs(5),
      abortSignal: abort.signal,
    });
    const { stream } = store.createResumableStream({
      chatId: id,
      streamId,
      messages,
      parentId: headId,
      stream: toUIMessageStream({ stream: result.stream, originalMessages: messages, generateMessageId }),
      onStop: () => abort.abort(),
      waitUntil: after,
    });
    return createUIMessageStreamResponse({ stream });
  } catch (error) {
    await store.clearActiveStream(id, streamId);
    throw error;
  }
}
