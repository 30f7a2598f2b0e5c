import { chatStore } from '../../../../../lib/store';

/** Ends an answer, and keeps what there is of it. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  const { streamId } = (await request.json()) as { streamId: string };
  const store = await chatStore();
  return Response.json({ stopped: await store.stopStream({ chatId: id, streamId }) });
}
