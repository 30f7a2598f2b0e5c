/** What a follower is told by chunks, read by the AI SDK itself, is the message that was saved. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { Replay } from '../../src/ai-sdk/replay.js';

const providerMetadata = { anthropic: { signature: 'c2ln', nothing: null } };
type Random = (below: number) => number;

/** Park and Miller's generator: a seed gives the same numbers always. */
function randomOf(seed: number): Random {
  let state = seed * 7919 + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const wait = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The states of the message after each of these chunks, as they come back from the service. */
async function statesAfter(chunks: readonly UIMessageChunk[]): Promise<UIMessage[]> {
  const states: UIMessage[] = [];
  for await (const state of readUIMessageStream({ stream: streamOf(chunks) }))
    states.push(JSON.parse(JSON.stringify(state)));
  return states;
}

function streamOf(chunks: readonly UIMessageChunk[]): ReadableStream<UIMessageChunk> {
  return new ReadableStream({
    async pull(controller) {
      await wait();
      for (const chunk of chunks) controller.enqueue(structuredClone(chunk));
      controller.close();
    },
  });
}

/** What a reader has that is told these states one after the other. */
async function replayed(states: readonly UIMessage[]): Promise<UIMessage | undefined> {
  const replay = new Replay();
  const chunks = states.flatMap((state) => replay.next(state));
  const errors: unknown[] = [];
  let last: UIMessage | undefined;
  const options = {
    stream: streamOf(JSON.parse(JSON.stringify(chunks))),
    onError: (error: unknown) => errors.push(error),
  };
  for await (const state of readUIMessageStream(options)) last = state;
  assert.deepEqual(errors, []);
  return last && JSON.parse(JSON.stringify(last));
}

type Chunks = UIMessageChunk[];

/** A part, piece by piece. */
const PARTS: ((id: string, random: Random) => Chunks)[] = [
  (id, random) => texts('text', id, random),
  (id, random) => texts('reasoning', id, random),
  (id) => [{ type: 'file', url: `https://example.com/${id}`, mediaType: 'image/png' }],
  (id) => [{ type: 'reasoning-file', url: `https://example.com/${id}`, mediaType: 'image/png', providerMetadata }],
  (id) => [{ type: 'source-url', sourceId: id, url: 'https://example.com', title: 'T' }],
  (id) => [{ type: 'source-document', sourceId: id, mediaType: 'text/plain', title: 'T', providerMetadata }],
  (id) => [{ type: 'custom', kind: 'acme.widget', providerMetadata: { acme: { id } } }],
  (id) => [{ type: 'steering-message', id, parts: [{ type: 'text', text: 'In Celsius.' }] }],
  () => [{ type: 'data-note', data: { deep: [{ a: [] }] } }],
  (id, random) =>
    Array.from({ length: 1 + random(3) }, (_, at) => ({ type: 'data-progress', id, data: { at } }) as const),
  toolCall,
];

function texts(kind: 'text' | 'reasoning', id: string, random: Random): Chunks {
  const deltas = Array.from({ length: random(4) }, (_, at) => ({
    type: `${kind}-delta`,
    id,
    delta: `${at} 😀 `.repeat(at),
  }));
  const begin = { type: `${kind}-start`, id, ...(random(2) && { providerMetadata: { acme: { at: 0 } } }) };
  const end = { type: `${kind}-end`, id, ...(random(2) && { providerMetadata }) };
  return [begin, ...deltas, ...(random(5) ? [end] : [])] as Chunks;
}

function toolCall(toolCallId: string, random: Random): Chunks {
  const dynamic = random(2) === 1 || undefined;
  const input = { city: 'Lisbon', list: [1.5, null, '"'] };
  const text = JSON.stringify(input);
  const call = {
    toolCallId,
    toolName: 'weather',
    dynamic,
    ...(random(2) && { title: 'Weather', toolMetadata: { a: 1 } }),
  };
  const chunks: unknown[] = [
    { type: 'tool-input-start', ...call, ...(random(2) && { providerExecuted: true }) },
    { type: 'tool-input-delta', toolCallId, inputTextDelta: text.slice(0, 12) },
    { type: 'tool-input-delta', toolCallId, inputTextDelta: text.slice(12) },
  ];
  if (random(6) === 0) chunks.push({ type: 'tool-input-error', ...call, input, errorText: 'not an input' });
  else chunks.push({ type: 'tool-input-available', ...call, input, providerMetadata }, ...outcome(toolCallId, random));
  return chunks.slice(0, 1 + random(chunks.length + 3)) as Chunks;
}

function outcome(toolCallId: string, random: Random): unknown[] {
  const approvalId = `approval-${toolCallId}`;
  const request = { type: 'tool-approval-request', toolCallId, approvalId, reason: 'Because.', isAutomatic: true };
  const output = { type: 'tool-output-available', toolCallId, output: { celsius: 27, deep: [{}] }, providerMetadata };
  const approve = (approved: boolean) => ({ type: 'tool-approval-response', approvalId, approved, reason: 'Fine.' });
  const outcomes = [
    [output],
    [{ ...output, output: 1, preliminary: true }, { ...output, output: 2, preliminary: true }, output],
    [{ type: 'tool-output-error', toolCallId, errorText: 'no such city' }],
    [request],
    [request, approve(true)],
    [request, approve(true), output],
    [request, approve(true), { type: 'tool-output-error', toolCallId, errorText: 'no such city' }],
    [request, approve(false), { type: 'tool-output-denied', toolCallId }],
  ];
  return outcomes[random(outcomes.length)] as unknown[];
}

/** A stream of some steps with some parts each, two of which may be written at the same time. */
function anyStream(random: Random): Chunks {
  const chunks: Chunks = [{ type: 'start', messageId: 'msg', ...(random(2) && { messageMetadata: { a: 1 } }) }];
  let id = 0;
  for (let step = random(3); step >= 0; step--) {
    chunks.push({ type: 'start-step' });
    const parts = Array.from({ length: 1 + random(4) }, () => PARTS[random(PARTS.length)]?.(`i${id++}`, random) ?? []);
    while (parts.some(({ length }) => length > 0)) {
      const open = parts.filter(({ length }) => length > 0).slice(0, 1 + random(2));
      chunks.push(open[random(open.length)]?.shift() as UIMessageChunk);
    }
    if (random(6) === 0) chunks.push({ type: 'reset-step' }, ...texts('text', `i${id++}`, random));
    if (random(3) === 0) chunks.push({ type: 'message-metadata', messageMetadata: { step } });
    chunks.push({ type: 'finish-step' });
  }
  return [...chunks, { type: 'finish', messageMetadata: { usage: { totalTokens: 3 } } }];
}

test('whatever states of an answer a follower sees, in the end it has the answer', async () => {
  const seeds = Number(process.env.REPLAY_SEEDS ?? 150);
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomOf(seed);
    const states = await statesAfter(anyStream(random));
    const last = states.at(-1) as UIMessage;
    assert.deepEqual(await replayed([last]), last, `seed ${seed}, all at once`);
    const seen = states.filter((_, at) => random(3) === 0 || at === states.length - 1);
    assert.deepEqual(await replayed(seen), last, `seed ${seed}, ${seen.length} of ${states.length} states`);
  }
});

test('text that grows is told by what is new of it', () => {
  const replay = new Replay();
  const answer = (text: string, state: 'streaming' | 'done') => ({
    id: 'm',
    role: 'assistant' as const,
    parts: [{ type: 'text' as const, text, state }],
  });
  replay.next(answer('One', 'streaming'));
  assert.deepEqual(replay.next(answer('One two', 'streaming')), [{ type: 'text-delta', id: 'text-0', delta: ' two' }]);
  assert.deepEqual(replay.next(answer('One two', 'streaming')), []);
  assert.deepEqual(replay.next(answer('One two.', 'done')), [
    { type: 'text-delta', id: 'text-0', delta: '.' },
    { type: 'text-end', id: 'text-0' },
  ]);
});

test('what was taken back in an earlier step cannot be told, and is not passed over', () => {
  const replay = new Replay();
  const answer = (first: string) => ({
    id: 'm',
    role: 'assistant' as const,
    parts: [
      { type: 'text' as const, text: first },
      { type: 'step-start' as const },
      { type: 'text' as const, text: 'x' },
    ],
  });
  replay.next(answer('One'));
  assert.throws(() => replay.next(answer('Two')), /replaced/);
});
