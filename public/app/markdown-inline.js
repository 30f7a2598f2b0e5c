/**
 * Markdown within a line: code, emphasis, links. Links lead to web pages and mail addresses and nowhere else.
 */

import { h } from './dom.js';

/** Emphasis within emphasis, at most. */
const DEEPEST = 6;

/** Of a link, in characters. Bounds, so that a text full of beginnings without ends takes no time either. */
const LONGEST_LABEL = 1000;
const LONGEST_ADDRESS = 2048;

/** What a link may begin with. Everything else, `javascript:` first of all, stays text. */
const PROTOCOLS = ['http:', 'https:', 'mailto:'];

const EMPHASIS = [
  ['***', 'strong', 'em'],
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'del'],
  ['*', 'em'],
  ['_', 'em'],
];

/** Characters at which something other than text may begin. */
const SPECIAL = /[\\`*_~[!<\nhm]/;
const ADDRESS = /^(?:https?:\/\/|mailto:)[^\s<>"'`]+/;
const WORD = /[\p{L}\p{N}]/u;

/** A text without those of these characters it ends in. */
export function withoutTrailing(text, characters) {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** The nodes of a piece of text. */
export function renderInline(text, depth = 0) {
  const fragment = document.createDocumentFragment();
  const missing = new Set();
  let plain = '';
  let at = 0;
  const emit = (node) => {
    if (plain) fragment.append(plain);
    plain = '';
    fragment.append(node);
  };
  while (at < text.length) {
    const found = SPECIAL.test(text[at]) ? span(text, at, depth, missing) : null;
    if (found) {
      emit(found[0]);
      at = found[1];
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) fragment.append(plain);
  return fragment;
}

/** What begins at a character, and where it ends; null where it is just a character. */
function span(text, at, depth, missing) {
  switch (text[at]) {
    case '\\':
      return escaped(text, at);
    case '\n':
      return [h('br'), at + 1];
    case '`':
      return code(text, at, missing);
    case '[':
      return link(text, at, depth);
    case '!':
      // Pictures would be requests to other places: they are shown as links.
      return text[at + 1] === '[' ? link(text, at + 1, depth) : null;
    case '<':
      return angled(text, at);
    case 'h':
    case 'm':
      return address(text, at);
    default:
      return emphasis(text, at, depth, missing);
  }
}

function escaped(text, at) {
  const next = text[at + 1];
  if (next === '\n') return [h('br'), at + 2];
  return next && /[!-/:-@[-`{-~]/.test(next) ? [document.createTextNode(next), at + 2] : null;
}

function code(text, at, missing) {
  let length = 1;
  while (text[at + length] === '`') length += 1;
  const fence = '`'.repeat(length);
  if (missing.has(fence)) return [document.createTextNode(fence), at + length];
  const end = closingCode(text, at + length, length);
  if (end < 0) {
    missing.add(fence);
    return [document.createTextNode(fence), at + length];
  }
  const content = text.slice(at + length, end).replace(/\n/g, ' ');
  const padded = /^ .* $/.test(content) && content.trim() !== '';
  return [h('code', {}, padded ? content.slice(1, -1) : content), end + length];
}

/** Where a run of exactly `length` backticks is. */
function closingCode(text, from, length) {
  let at = text.indexOf('`', from);
  while (at >= 0) {
    let run = 1;
    while (text[at + run] === '`') run += 1;
    if (run === length) return at;
    at = text.indexOf('`', at + run);
  }
  return -1;
}

function emphasis(text, at, depth, missing) {
  if (depth >= DEEPEST) return null;
  for (const [mark, ...tags] of EMPHASIS) {
    if (!text.startsWith(mark, at) || missing.has(mark)) continue;
    if (!opens(text, at, mark)) continue;
    const end = closing(text, at + mark.length, mark);
    if (end < 0) {
      missing.add(mark);
      continue;
    }
    const inner = renderInline(text.slice(at + mark.length, end), depth + 1);
    const node = tags.reduceRight((content, tag) => h(tag, {}, content), inner);
    return [node, end + mark.length];
  }
  return null;
}

/** Whether a mark can begin emphasis: it stands before text, and `_` not within a word (snake_case). */
function opens(text, at, mark) {
  const next = text[at + mark.length];
  if (next === undefined || /\s/.test(next)) return false;
  return mark[0] !== '_' || at === 0 || !WORD.test(text[at - 1]);
}

/** Where emphasis ends: at its mark, after text, and not within code. */
function closing(text, from, mark) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') {
      at += 1;
    } else if (text[at] === '`') {
      at = afterCode(text, at) - 1;
    } else if (at > from && closes(text, at, mark)) {
      return at;
    }
  }
  return -1;
}

function afterCode(text, at) {
  let length = 1;
  while (text[at + length] === '`') length += 1;
  const end = closingCode(text, at + length, length);
  return end < 0 ? at + length : end + length;
}

function closes(text, at, mark) {
  if (!text.startsWith(mark, at) || /\s/.test(text[at - 1])) return false;
  const after = text[at + mark.length];
  // `*` does not end at the first of the two that begin or end something stronger.
  if (mark.length === 1 && (after === mark || text[at - 1] === mark)) return false;
  return mark[0] !== '_' || after === undefined || !WORD.test(after);
}

/** `[text](address)`. */
function link(text, at, depth) {
  const length = text.slice(at + 1, at + 1 + LONGEST_LABEL).indexOf('](');
  const label = text.slice(at + 1, at + 1 + length);
  if (length < 0 || label.includes('[')) return null;
  const middle = at + 1 + length;
  const end = closingParenthesis(text, middle + 2);
  if (end < 0) return null;
  const target = text
    .slice(middle + 2, end)
    .trim()
    .replace(/\s+(?:"[^"]*"|'[^']*')$/, '')
    .replace(/^<(.*)>$/, '$1');
  const url = safeUrl(target);
  return url ? [anchor(url, renderInline(label, depth + 1)), end + 1] : null;
}

/** Where a link's address ends; parentheses may be in it in pairs. */
function closingParenthesis(text, from) {
  let open = 0;
  for (let at = from; at < text.length && at < from + LONGEST_ADDRESS; at += 1) {
    if (text[at] === '\n') return -1;
    if (text[at] === '(') open += 1;
    if (text[at] === ')') {
      if (open === 0) return at;
      open -= 1;
    }
  }
  return -1;
}

/** `<https://…>`; everything else in angle brackets is text. */
function angled(text, at) {
  const found = ADDRESS.exec(text.slice(at + 1, at + 1 + LONGEST_ADDRESS));
  if (!found || text[at + 1 + found[0].length] !== '>') return null;
  const url = safeUrl(found[0]);
  return url ? [anchor(url, found[0]), at + found[0].length + 2] : null;
}

/** An address in running text. */
function address(text, at) {
  if (at > 0 && WORD.test(text[at - 1])) return null;
  const found = ADDRESS.exec(text.slice(at, at + LONGEST_ADDRESS));
  if (!found) return null;
  const bare = withoutTrailing(found[0], '.,;:!?*_~])');
  // Addresses with parentheses in them keep them, in pairs.
  const shown = bare.includes('(') && found[0][bare.length] === ')' ? `${bare})` : bare;
  const url = safeUrl(shown);
  return url ? [anchor(url, shown), at + shown.length] : null;
}

function anchor(url, content) {
  return h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, content);
}

/** An address that is safe to follow, or null. */
function safeUrl(text) {
  if (!/^[a-z]+:/i.test(text)) return null;
  try {
    const url = new URL(text);
    return PROTOCOLS.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
