/** A mock model, in the place of a route of an application's server. */

import { type ChatTransport, generateId, type UIMessage, type UIMessageChunk } from 'ai';

/**
 * A model without a provider, which says the same to everybody. In its place comes your server's route:
 * `new AssistantChatTransport({ api: '/chat' })`, of @assistant-ui/react-ai-sdk.
 */
export const mockModel: ChatTransport<UIMessage> = {
  async sendMessages({ messages, abortSignal }) {
    const question = JSON.stringify(messages.findLast(({ role }) => role === 'user')?.parts);
    return slowly(answer(question.includes('weather')), abortSignal);
  },
  reconnectToStream: async () => null,
};

let answers = 0;

function* answer(isAboutWeather: boolean): Generator<UIMessageChunk> {
  yield { type: 'start', messageId: generateId() };
  if (isAboutWeather) yield* callOfTool();
  yield { type: 'start-step' };
  yield { type: 'text-start', id: 'text' };
  yield { type: 'text-delta', id: 'text', delta: `Answer ${++answers}:` };
  for (let word = 1; word <= 20; word++) yield { type: 'text-delta', id: 'text', delta: ` word${word}` };
  yield { type: 'text-end', id: 'text' };
  yield { type: 'finish-step' };
  yield { type: 'finish' };
}

function* callOfTool(): Generator<UIMessageChunk> {
  const call = { toolCallId: generateId(), toolName: 'weather' };
  yield { type: 'start-step' };
  yield { type: 'tool-input-start', ...call };
  yield { type: 'tool-input-available', ...call, input: { city: 'Lisbon' } };
  yield { type: 'tool-output-available', toolCallId: call.toolCallId, output: { city: 'Lisbon', celsius: 27 } };
  yield { type: 'finish-step' };
}

/** Twenty words a second. */
function slowly(chunks: Generator<UIMessageChunk>, signal: AbortSignal | undefined): ReadableStream<UIMessageChunk> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (signal?.aborted) return controller.error(signal.reason);
      const { done, value } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
