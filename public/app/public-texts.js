/** Collects every text that a share makes public, whether a page shows it or not. */

/** What tells machines how things belong together. */
const MACHINE = new Set([
  'id',
  'type',
  'timestamp',
  'parentId',
  'siblingIds',
  'format',
  'status',
  'state',
  'toolCallId',
  'tool_use_id',
  'tool_call_id',
  'call_id',
  'signature',
  'mediaType',
  'media_type',
  'dateEstimated',
]);

/** Bytes of a file, in base64: longer than any key. */
const BYTES = /^(?:data:[^,]{0,100},[A-Za-z0-9+/=_-]*|[A-Za-z0-9+/=_-]{4000,})$/;

/**
 * `[{ where, text, isMain, isMachine }]`: what the message says first, then everything else with the names it stands under. `isMain`:
 * it needs no name.
 */
export function publicTexts(message) {
  const texts = [];
  const hasParts = Array.isArray(message.parts) && message.parts.length > 0;
  collect(message, [], texts);
  const all = texts.map(({ path, text }) => ({
    where: nameOf(message, path),
    text: BYTES.test(text) ? `(${Math.ceil((text.length * 3) / 4096)} KB of a file)` : text,
    isMain: path.length === 1 ? path[0] === 'content' && !hasParts : isText(path),
    isMachine: path.some((name) => MACHINE.has(name)) || (hasParts && path.length === 1 && path[0] === 'content'),
  }));
  return [...all.filter(({ isMain }) => isMain), ...all.filter(({ isMain }) => !isMain)];
}

function isText(path) {
  return path.length === 3 && ['parts', 'content'].includes(path[0]) && path[2] === 'text';
}

function collect(value, path, texts) {
  if (typeof value === 'string') {
    if (value !== '') texts.push({ path, text: value });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) collect(inner, [...path, name], texts);
  }
}

/** The tool or the kind of part, and what of it. */
function nameOf(message, path) {
  const [field, index, ...rest] = path;
  const part = ['parts', 'content'].includes(field) && index !== undefined ? message[field][index] : null;
  if (!part) return path.join(' ');
  return [part.toolName ?? part.name ?? part.type, ...rest].filter(Boolean).join(' ');
}
