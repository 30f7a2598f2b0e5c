/**
 * The parts of a message as DOM nodes: what libraries make of a model's replies, under the names that each of them has for
 * it. What is not understood is not shown. Text only ever becomes text.
 */

import { h } from './dom.js';
import { fileName, fileNode, FILES } from './message-files.js';
import { renderMarkdown } from './markdown.js';

const TEXTS = new Set(['text', 'input_text', 'output_text', 'refusal']);
const THOUGHTS = new Set(['reasoning', 'thinking', 'think']);
const SOURCES = new Set(['source', 'source-url', 'source-document', 'search_result']);
const MESSAGES = new Set(['message', 'steering-message']);

/** The most characters of a tool's input or result that are shown. */
const LONG = 20_000;
/** Runs of letters that are longer than anything one reads: bytes in base64. */
const BASE64 = /[A-Za-z0-9+/=_-]{400,}/g;

/** The parts of a message, or null where it is a text and nothing else. */
export function partsOf({ content, parts }) {
  if (Array.isArray(content)) return flat(content);
  return Array.isArray(parts) && parts.length > 0 ? flat(parts) : null;
}

/** What a message says, for copying and counting. */
export function textOf({ content }) {
  if (typeof content === 'string') return content;
  const texts = flat(content ?? []).filter(({ type }) => TEXTS.has(type));
  return texts.map((part) => firstText(part.text, part.content, part.refusal)).join('\n\n');
}

/** Items of OpenAI's are messages of parts. */
function flat(parts) {
  return parts.flatMap((part) => {
    if (!isObject(part)) return [];
    if (!MESSAGES.has(part.type)) return [part];
    const inner = part.content ?? part.parts;
    if (typeof inner === 'string') return [{ type: 'text', text: inner }];
    return Array.isArray(inner) ? inner.filter((one) => isObject(one) && !MESSAGES.has(one.type)) : [];
  });
}

/** One part's nodes. */
export function renderPart(part) {
  const { type } = part;
  if (TEXTS.has(type)) return [renderMarkdown(firstText(part.text, part.content, part.refusal))];
  if (THOUGHTS.has(type)) return reasoning(part);
  if (FILES.has(type)) return [fileNode(part)];
  if (SOURCES.has(type)) return [h('p', { class: 'part' }, 'Source: ', fileNode(part))];
  return tool(part);
}

function reasoning(part) {
  const text = firstText(part.text, part.thinking, part.think) || plain(part.summary ?? part.content ?? '');
  return text.trim() === '' ? [] : [folded('Reasoning', renderMarkdown(text))];
}

function tool(part) {
  const type = String(part.type);
  const isResult =
    type.endsWith('_call_output') ||
    type.endsWith('tool_result') ||
    (type === 'tool-result' && (part.state === undefined || part.toolName !== undefined || part.content !== undefined));
  if (isResult) return result(part);
  const name = toolName(part, type);
  if (name === null) return [];
  const input = part.input ?? part.args ?? part.arguments ?? part.argsText ?? part.action ?? part.code;
  const title = ['Tool: ', h('code', {}, name)];
  return [input === undefined ? h('p', { class: 'part' }, title) : folded(title, code(input)), ...result(part)];
}

function toolName(part, type) {
  const own = firstText(part.toolName, part.name);
  if (type === 'dynamic-tool' || type === 'tool-call' || type.endsWith('tool_use')) return own || type;
  if (type.endsWith('_call')) return own || type.slice(0, -'_call'.length);
  return type.startsWith('tool-') ? type.slice('tool-'.length) : null;
}

function result(part) {
  const error = firstText(part.errorText, part.error);
  const value = error || (part.output ?? part.result ?? part.content);
  if (value === undefined || value === null) return [];
  const isError = error !== '' || part.is_error === true || part.isError === true;
  return [folded(isError ? 'Error' : 'Result', code(plain(value)))];
}

/** A value as text: a string, the texts of parts, or JSON. */
function plain(value) {
  if (isObject(value) && Array.isArray(value.content)) return plain(value.content);
  if (isObject(value) && typeof value.type === 'string')
    return plain(value.value ?? value.text ?? JSON.stringify(value));
  if (!Array.isArray(value) || !value.every(isObject)) return typeof value === 'string' ? value : JSON.stringify(value);
  const texts = value.map((part) =>
    FILES.has(part.type) ? `[${fileName(part)}]` : firstText(part.text, part.thinking, part.title),
  );
  return texts.filter(Boolean).join('\n');
}

function folded(title, inner) {
  return h('details', { class: 'part' }, h('summary', {}, title), inner);
}

function code(value) {
  const text = (typeof value === 'string' ? value : JSON.stringify(value, null, 2)).replace(BASE64, '…');
  const short = text.length > LONG ? `${text.slice(0, LONG)}…` : text;
  return h('figure', { class: 'code' }, h('pre', { tabindex: '0', 'aria-label': 'Code' }, h('code', {}, short)));
}

function firstText(...values) {
  return values.find((value) => typeof value === 'string' && value !== '') ?? '';
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
