/**
 * Markdown as DOM nodes: the blocks of a text. What a text contains can only become one of the elements made here,
 * with text in it; HTML in a message is shown as it was written.
 */

import { h } from './dom.js';
import { renderInline, withoutTrailing } from './markdown-inline.js';

/** Quotes and lists within each other, at most; what is deeper stays text. */
const DEEPEST = 8;

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`\n]*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const ITEM = /^( {0,7})([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|)$/;
const TASK = /^\[([ xX])\][ \t]+(.*)$/;
const TABLE_RULE = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** The blocks of a markdown text. */
export function renderMarkdown(text) {
  const fragment = document.createDocumentFragment();
  for (const node of blocks(text.replace(/\r\n?/g, '\n').split('\n'), 0)) fragment.append(node);
  return fragment;
}

function blocks(lines, depth) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === '') {
      at += 1;
      continue;
    }
    const [node, next] = block(lines, at, depth);
    nodes.push(node);
    at = next;
  }
  return nodes;
}

/** The block that begins at a line, and the line after it. */
function block(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return code(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [titled(heading[1].length, heading[2]), at + 1];
  if (RULE.test(line)) return [h('hr'), at + 1];
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, depth);
  if (depth < DEEPEST && ITEM.test(line)) return list(lines, at, depth);
  if (isTable(lines, at)) return table(lines, at);
  return paragraph(lines, at, depth);
}

function titled(level, text) {
  // The page's own headings are the first two levels.
  const tag = `h${Math.min(level + 2, 6)}`;
  const open = withoutTrailing(text.trimEnd(), '#');
  return h(tag, { 'data-level': level }, renderInline(/(?:^|\s)$/.test(open) ? open.trimEnd() : text));
}

/** A fenced block; one that is not closed reaches to the end, as it does while an answer is being written. */
function code(lines, at) {
  const [, fence, info] = FENCE.exec(lines[at]);
  const language = info.trim().split(/\s/)[0].slice(0, 30);
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`);
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) end += 1;
  const text = lines.slice(at + 1, end).join('\n');
  return [codeBlock(text, language), end + 1];
}

function codeBlock(text, language) {
  return h(
    'figure',
    { class: 'code' },
    h(
      'figcaption',
      {},
      h('span', {}, language || 'text'),
      h('button', { type: 'button', class: 'quiet small', 'data-action': 'copy-code' }, 'Copy'),
    ),
    h('pre', { tabindex: '0', 'aria-label': language ? `Code, ${language}` : 'Code' }, h('code', {}, text)),
  );
}

function quote(lines, at, depth) {
  const inner = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const quoted = QUOTE.exec(lines[end]);
    if (!quoted) break;
    inner.push(quoted[1]);
  }
  return [h('blockquote', {}, blocks(inner, depth + 1)), end];
}

/** A list: its items, each with the lines that are indented under it. */
function list(lines, at, depth) {
  const [, , firstMark] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(firstMark);
  const start = ordered ? Number.parseInt(firstMark, 10) : 1;
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (!item || /\d/.test(item[2]) !== ordered) break;
    const indent = item[1].length + item[2].length + 1;
    const inner = [item[3] ?? ''];
    end = takeItem(lines, end + 1, item[1].length, indent, inner);
    items.push(listItem(inner, depth));
  }
  return [h(ordered ? 'ol' : 'ul', { start: start === 1 ? null : start }, items), end];
}

/** Moves the lines that belong to an item into `inner`; gives the first that does not. */
function takeItem(lines, at, outer, indent, inner) {
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    const width = line.length - line.trimStart().length;
    const blank = line.trim() === '';
    const afterBlank = lines[end - 1].trim() === '';
    if (blank) {
      // A blank line belongs to the item where what follows it does.
      const next = lines[end + 1] ?? '';
      if (next.trim() === '' || next.length - next.trimStart().length <= outer) {
        return ITEM.test(next) ? end + 1 : end;
      }
    } else if (width <= outer && (afterBlank || startsBlock(line))) {
      break;
    }
    inner.push(line.slice(Math.min(width, indent)));
  }
  return end;
}

function startsBlock(line) {
  return ITEM.test(line) || FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
}

function listItem(lines, depth) {
  const task = TASK.exec(lines[0]);
  const box = task && h('input', { type: 'checkbox', disabled: true, checked: task[1] !== ' ' });
  const text = task ? [task[2], ...lines.slice(1)] : lines;
  const content = blocks(text, depth + 1);
  // A single paragraph needs no space around it.
  const tight = content[0]?.tagName === 'P' ? [...content[0].childNodes, ...content.slice(1)] : content;
  return h('li', { class: task ? 'task' : null }, box, tight);
}

function isTable(lines, at) {
  const rule = lines[at + 1];
  return (
    rule !== undefined && rule.length < 1000 && lines[at].includes('|') && rule.includes('|') && TABLE_RULE.test(rule)
  );
}

function table(lines, at) {
  const alignments = cells(lines[at + 1]).map(alignment);
  const row = (line, tag) =>
    h(
      'tr',
      {},
      cells(line)
        .slice(0, alignments.length)
        .map((cell, column) => h(tag, { class: alignments[column] }, renderInline(cell))),
    );
  let end = at + 2;
  while (end < lines.length && lines[end].includes('|')) end += 1;
  const body = lines.slice(at + 2, end).map((line) => row(line, 'td'));
  const content = h('table', {}, h('thead', {}, row(lines[at], 'th')), h('tbody', {}, body));
  return [h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Table' }, content), end];
}

function cells(line) {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .map((cell) => cell.trim());
}

function alignment(rule) {
  if (rule.endsWith(':')) return rule.startsWith(':') ? 'center' : 'end';
  return null;
}

function paragraph(lines, at, depth) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== '' && !interrupts(lines, end, depth)) end += 1;
  return [
    h(
      'p',
      {},
      renderInline(
        lines
          .slice(at, end)
          .map((line) => line.trimStart())
          .join('\n'),
      ),
    ),
    end,
  ];
}

/** Whether a line ends the paragraph before it. */
function interrupts(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || isTable(lines, at)) return true;
  return depth < DEEPEST && (QUOTE.test(line) || ITEM.test(line));
}
