import { createUIMessageStreamResponse } from 'ai';
import { chatStore } from '../../../../../lib/store';

export const maxDuration = 300;

/** The answer being written, for a page that was reloaded, or a second device. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  const lastMessageId = new URL(request.url).searchParams.get('lastMessageId') ?? undefined;
  const store = await chatStore();
  const stream = await store.resumeStream({ chatId: id, lastMessageId, signal: request.signal });
  return stream ? createUIMessageStreamResponse({ stream }) : new Response(null, { status: 204 });
}
