/** A mock model and its tool, in the place of a provider's. */

import { jsonSchema, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';

/** A model without a provider: it says the same to everybody. Yours takes its place: `openai('…')`, `anthropic('…')`. */
export const model = new MockLanguageModelV4({
  doStream: async ({ prompt, abortSignal }) => {
    const question = prompt.findLast(({ role }) => role === 'user');
    const isAnswered = prompt.at(-1)?.role === 'tool';
    const text = JSON.stringify(question?.content ?? '');
    const parts = text.includes('weather') && !isAnswered ? callOfTool() : answer();
    return { stream: atPace(text.includes('slowly') ? 150 : 20, parts, abortSignal) };
  },
});

export const tools = {
  weather: tool({
    description: 'The weather of a city',
    inputSchema: jsonSchema<{ city: string }>({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    }),
    execute: async ({ city }) => ({ city, celsius: 27 }),
  }),
};

type StreamResult = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;
type Part = StreamResult['stream'] extends ReadableStream<infer P> ? P : never;

let answers = 0;

function* callOfTool(): Generator<Part> {
  const input = JSON.stringify({ city: 'Lisbon' });
  const toolCallId = `call-${++answers}`;
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'tool-input-start', id: toolCallId, toolName: 'weather' };
  yield { type: 'tool-input-delta', id: toolCallId, delta: input };
  yield { type: 'tool-input-end', id: toolCallId };
  yield { type: 'tool-call', toolCallId, toolName: 'weather', input };
  yield finish('tool-calls');
}

function* answer(): Generator<Part> {
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'text-start', id: '1' };
  yield { type: 'text-delta', id: '1', delta: `Answer ${++answers}:` };
  for (let word = 1; word <= 50; word++) yield { type: 'text-delta', id: '1', delta: ` word${word}` };
  yield { type: 'text-end', id: '1' };
  yield finish('stop');
}

function finish(reason: 'stop' | 'tool-calls'): Part {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  return { type: 'finish', finishReason: { unified: reason, raw: reason }, usage };
}

/** A word each so many milliseconds. */
function atPace(pace: number, parts: Generator<Part>, signal: AbortSignal | undefined): ReadableStream<Part> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pace));
      if (signal?.aborted) return controller.error(signal.reason);
      const { done, value } = parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
