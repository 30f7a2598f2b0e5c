/** The route that stops an answer. */

import { withChats } from '../../../../../lib/chats';

/** Ends an answer, and keeps what there is of it. */
export function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  return withChats(request, async (chats) => {
    const { id } = await params;
    const { streamId } = (await request.json()) as { streamId: string };
    return Response.json({ stopped: await chats.stopStream({ chatId: id, streamId }) });
  });
}
