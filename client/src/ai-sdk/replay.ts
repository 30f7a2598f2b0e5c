/** Turns successive saved states of a message back into chunks of a UIMessage stream. */

import type { UIMessage, UIMessageChunk } from 'ai';

type Part = UIMessage['parts'][number];
/** A part of a tool, in any state. */
interface ToolPart {
  type: string;
  toolName?: string;
  toolCallId: string;
  state: string;
  input?: unknown;
  rawInput?: unknown;
  output?: unknown;
  errorText?: string;
  preliminary?: boolean;
  providerExecuted?: boolean;
  title?: string;
  toolMetadata?: unknown;
  inputEncoding?: string;
  callProviderMetadata?: unknown;
  resultProviderMetadata?: unknown;
  approval?: Approval;
}
interface Approval {
  id: string;
  approved?: boolean;
  reason?: string;
  requestReason?: string;
  isAutomatic?: boolean;
  signature?: string;
  descriptor?: unknown;
  inputSchemaInput?: unknown;
}
type Chunk = Record<string, unknown> & { type: string };

/** Says by chunks of a UIMessage stream what a message has become since the last time; first, all of it. */
export class Replay {
  #parts: Chunk[][] | undefined;
  #metadata = '';

  /** The chunks after which a reader has this state of the message. */
  next(message: UIMessage): UIMessageChunk[] {
    const parts = message.parts.map(chunksOf);
    const chunks = this.#parts ? this.#changes(this.#parts, parts, message) : this.#begin(parts, message);
    this.#parts = parts;
    return chunks as unknown as UIMessageChunk[];
  }

  #begin(parts: Chunk[][], { id, metadata }: UIMessage): Chunk[] {
    this.#metadata = JSON.stringify(metadata ?? null);
    return [compact({ type: 'start', messageId: id, messageMetadata: metadata }), ...parts.flatMap(withoutCall)];
  }

  #changes(before: Chunk[][], after: Chunk[][], message: UIMessage): Chunk[] {
    const chunks: Chunk[] = [];
    for (const [index, part] of after.entries()) {
      const more = before[index] ? remainder(before[index], part) : withoutCall(part);
      if (!more) return [...this.#metadataChange(message), ...startStepAgain(before, after, index)];
      chunks.push(...more);
    }
    if (before.length > after.length)
      return [...this.#metadataChange(message), ...startStepAgain(before, after, after.length)];
    return [...this.#metadataChange(message), ...chunks];
  }

  #metadataChange({ metadata }: UIMessage): Chunk[] {
    const text = JSON.stringify(metadata ?? null);
    if (text === this.#metadata || metadata == null) return [];
    this.#metadata = text;
    return [{ type: 'message-metadata', messageMetadata: metadata }];
  }
}

/**
 * What was told of a part has been taken back, as a model does that begins a step again: the reader drops the step.
 *
 * @throws Error where that was in an earlier step. A reader that comes back is told everything anew.
 */
function startStepAgain(before: Chunk[][], after: Chunk[][], index: number): Chunk[] {
  const start = before.findLastIndex(([first]) => first?.type === 'start-step');
  const isSame = JSON.stringify(before.slice(0, start + 1)) === JSON.stringify(after.slice(0, start + 1));
  if (index <= start || !isSame) throw new Error('The answer was replaced while it was being followed.');
  return [{ type: 'reset-step' }, ...after.slice(start + 1).flatMap(withoutCall)];
}

/** A tool that has its result is not called again: its input is told as text, which calls no `onToolCall`. */
function withoutCall(chunks: Chunk[]): Chunk[] {
  if (chunks.at(-1)?.type !== 'tool-output-available') return chunks;
  return chunks.map((chunk) => {
    if (chunk.type !== 'tool-input-available' || chunk.input === undefined) return chunk;
    return { type: 'tool-input-delta', toolCallId: chunk.toolCallId, inputTextDelta: JSON.stringify(chunk.input) };
  });
}

/** What `after` says beyond `before`; undefined where it does not go on from there. */
function remainder(before: Chunk[], after: Chunk[]): Chunk[] | undefined {
  const isTool = after[0]?.type === 'tool-input-start';
  const chunks: Chunk[] = [];
  for (const [index, chunk] of after.entries()) {
    const known = before[index];
    if (known && JSON.stringify(known) === JSON.stringify(chunk)) continue;
    const delta = known && deltaBetween(known, chunk);
    if (delta) chunks.push(delta);
    // A later state of a tool's part takes the place of an earlier one; so does data under the same id.
    else if (!known || (isTool && index > 0) || isSameData(known, chunk)) chunks.push(chunk);
    else return undefined;
  }
  return before.length > after.length && !isTool ? undefined : chunks;
}

/** Text grows at its end. What was said beside it can be replaced, but not taken back. */
function deltaBetween(before: Chunk, after: Chunk): Chunk | undefined {
  if (before.type !== after.type) return undefined;
  if (before.providerMetadata !== undefined && after.providerMetadata === undefined) return undefined;
  for (const name of ['delta', 'inputTextDelta']) {
    const [old, now] = [before[name], after[name]];
    if (typeof old === 'string' && typeof now === 'string' && now.startsWith(old)) {
      return { ...after, [name]: now.slice(old.length) };
    }
  }
  return undefined;
}

const isSameData = (before: Chunk, after: Chunk) =>
  before.type === after.type && after.type.startsWith('data-') && after.id !== undefined && before.id === after.id;

/** All chunks that make this part from nothing. */
function chunksOf(part: Part, index: number): Chunk[] {
  const { type } = part;
  if (type === 'text') return textChunks('text', `text-${index}`, part);
  if (type === 'reasoning') return textChunks('reasoning', part.id ?? `reasoning-${index}`, part);
  if (type === 'step-start') return [{ type: 'start-step' }];
  if (type === 'dynamic-tool' || type.startsWith('tool-')) return toolChunks(part as unknown as ToolPart);
  // Files, sources, data and what is yet to come are one chunk with the same members.
  return [compact({ ...(part as unknown as Chunk) })];
}

interface TextPart {
  text: string;
  state?: string;
  providerMetadata?: unknown;
  citations?: unknown;
}

function textChunks(kind: 'text' | 'reasoning', id: string, part: TextPart): Chunk[] {
  const { text, state, providerMetadata, citations } = part;
  const chunks = [{ type: `${kind}-start`, id }, compact({ type: `${kind}-delta`, id, delta: text, providerMetadata })];
  return state === 'streaming' ? chunks : [...chunks, compact({ type: `${kind}-end`, id, citations })];
}

function toolChunks(part: ToolPart): Chunk[] {
  const { toolCallId, providerExecuted, title, toolMetadata, inputEncoding, callProviderMetadata } = part;
  const isDynamic = part.type === 'dynamic-tool';
  const toolName = isDynamic ? part.toolName : part.type.slice('tool-'.length);
  const dynamic = isDynamic || undefined;
  const call = { toolCallId, toolName, dynamic, providerExecuted, title, toolMetadata };
  const start = { type: 'tool-input-start', ...call, inputEncoding, providerMetadata: callProviderMetadata };
  return [start, ...inputChunks(part, call), ...approvalChunks(part), ...outputChunks(part)].map(compact);
}

/** An input that the tool does not take, or a call that failed: told in one, so that nobody calls it again. */
const isRefused = ({ state, approval, rawInput }: ToolPart) =>
  state === 'output-error' && !approval && typeof rawInput !== 'string';

function inputChunks(part: ToolPart, call: Record<string, unknown>): Chunk[] {
  const { toolCallId, state, input, rawInput, errorText, callProviderMetadata: providerMetadata } = part;
  if (isRefused(part)) {
    const result = { input, errorText, providerMetadata: part.resultProviderMetadata };
    return [{ type: 'tool-input-error', ...call, title: undefined, ...result }];
  }
  if (typeof rawInput === 'string') return [{ type: 'tool-input-delta', toolCallId, inputTextDelta: rawInput }];
  if (state === 'input-streaming') return [];
  return [{ type: 'tool-input-available', ...call, input, providerMetadata }];
}

function approvalChunks({ toolCallId, approval, providerExecuted }: ToolPart): Chunk[] {
  if (!approval) return [];
  const { id: approvalId, approved, isAutomatic, signature, inputSchemaInput } = approval;
  const { descriptor: approvalDescriptor, requestReason: reason } = approval;
  const request = { toolCallId, approvalId, approvalDescriptor, inputSchemaInput, reason, isAutomatic, signature };
  const response = { approvalId, approved, reason: approval.reason, providerExecuted };
  const chunks: Chunk[] = [{ type: 'tool-approval-request', ...request }];
  return approved === undefined ? chunks : [...chunks, { type: 'tool-approval-response', ...response }];
}

function outputChunks(part: ToolPart): Chunk[] {
  const { toolCallId, state, output, errorText, preliminary, resultProviderMetadata: providerMetadata } = part;
  const { providerExecuted, toolMetadata } = part;
  const result = { toolCallId, providerExecuted, toolMetadata, providerMetadata };
  if (state === 'output-available') return [{ type: 'tool-output-available', ...result, output, preliminary }];
  if (state === 'output-error' && !isRefused(part)) return [{ type: 'tool-output-error', ...result, errorText }];
  return state === 'output-denied' ? [{ type: 'tool-output-denied', toolCallId }] : [];
}

/** Without the members that are undefined: on its way to a browser they would be gone as well. */
function compact(chunk: Chunk): Chunk {
  return Object.fromEntries(Object.entries(chunk).filter(([, value]) => value !== undefined)) as Chunk;
}
