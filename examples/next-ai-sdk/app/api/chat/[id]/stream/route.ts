/** The route that resumes an answer that is still being written. */

import { createUIMessageStreamResponse } from 'ai';
import { withChats } from '../../../../../lib/chats';

export const maxDuration = 300;

/** The answer being written, for a page that was reloaded, or a second device. */
export function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  return withChats(request, async (chats) => {
    const { id } = await params;
    const stream = await chats.resumeStream({ chatId: id, signal: request.signal });
    return stream ? createUIMessageStreamResponse({ stream }) : new Response(null, { status: 204 });
  });
}
