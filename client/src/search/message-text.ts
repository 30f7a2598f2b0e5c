/** What of a message is searched: its content, and what else its parts say, also what tools were given and returned. As the server reads them. */

import { textOf } from '../text.js';

type Part = Record<string, unknown>;

/** Encoded bytes: longer than keys, hashes and signatures in hexadecimal. */
const ENCODED = /[\w+/=-]{400,}/g;

export function searchTextOf(body: { content?: unknown; parts?: unknown }): string {
  const paragraphs: string[] = [textOf(body)];
  for (const text of textsOfParts(body.parts)) {
    // A text that was derived from the parts has this one as a paragraph of its own.
    const isThere = `\n\n${paragraphs.join('\n\n')}\n\n`.includes(`\n\n${text}\n\n`);
    if (!isThere) paragraphs.push(text);
  }
  return paragraphs.join('\n\n');
}

function textsOfParts(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  const texts = parts.flatMap((part) => (isPart(part) ? textsOf(part) : []));
  return texts.map((text) => text.replace(ENCODED, '…')).filter((text) => text.trim() !== '');
}

function textsOf(part: Part): string[] {
  const type = typeof part.type === 'string' ? part.type : '';
  switch (type) {
    case 'message':
    case 'steering-message':
      return [...textsOfParts(part.content ?? part.parts), ...stringsOf(part, 'content')];
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal':
      return [first(part, 'text', 'content', 'refusal') || valuesOf((part.text as Part)?.value)];
    case 'reasoning':
    case 'thinking':
    case 'think':
      return [first(part, 'text', 'thinking', 'think') || valuesOf(part.summary) || valuesOf(part.content)];
    case 'source':
    case 'source-url':
    case 'source-document':
    case 'search_result':
      return [...nameOf(part), type === 'search_result' ? valuesOf(part.content) : ''];
    default:
      return IS_FILE.test(type) ? [...nameOf(part), textOfSource(part.source)] : textsOfTool(part, type);
  }
}

const IS_FILE = /^(image|file|document|audio|image_url|input_image|input_file|container_upload|image_file)$/;
const IS_CALL = /^(tool-|dynamic-tool$)|_call$|tool_use$/;
const IS_RESULT = /_call_output$|tool_result$/;

/** Calls of tools and what came of them: one part, or two. */
function textsOfTool(part: Part, type: string): string[] {
  const isCall = IS_CALL.test(type);
  if (!isCall && !IS_RESULT.test(type)) return [];
  const { input = part.args, output = part.result } = part;
  const given = input ?? part.arguments ?? part.argsText ?? part.action ?? part.code ?? part.query;
  const name = first(part, 'toolName', 'name') || type.replace(/^tool-|_call$/g, '');
  const returned = first(part, 'errorText', 'error') || valuesOf(output ?? part.content);
  return [...(isCall ? [name, valuesOf(given)] : []), returned, valuesOf(part.outputs)];
}

function textOfSource(source: unknown): string {
  if (!isPart(source)) return '';
  if (source.type === 'text') return valuesOf(source.data);
  return source.type === 'content' ? valuesOf(source.content) : '';
}

/** The name of a file or a page, wherever its library has put it. */
function nameOf(part: Part): string[] {
  const inner = [part.source, part.image_url, part.file, part.image].find(isPart) ?? {};
  const names = ['filename', 'title', 'name'] as const;
  return [first(part, ...names) || first(inner, ...names)];
}

/** The texts and numbers in a value, one a line. JSON inside of a text is read, too. */
function valuesOf(value: unknown): string {
  if (typeof value === 'string') {
    const inner = /^[[{]/.test(value) ? parsed(value) : undefined;
    return inner === undefined ? value : valuesOf(inner);
  }
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(valuesOf).join('\n');
  if (!isPart(value)) return '';
  const { type: _, ...members } = value;
  return Object.values(members).map(valuesOf).join('\n');
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function first(part: Part, ...names: string[]): string {
  return names.flatMap((name) => stringsOf(part, name)).find((text) => text !== '') ?? '';
}

function stringsOf(part: Part, name: string): string[] {
  const value = part[name];
  return typeof value === 'string' ? [value] : [];
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
