/**
 * Images and files of messages, under the names that libraries have for them. An image that a message brings along is shown, a
 * file that it brings along can be saved; what is elsewhere is a link, as the page asks no other server for anything.
 */

import { h } from './dom.js';

export const FILES = new Set([
  'image',
  'file',
  'document',
  'audio',
  'image_url',
  'input_image',
  'input_file',
  'reasoning-file',
]);

/** Pictures made of dots: nothing in them is a document of its own. */
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/i;
const DATA = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w-]+=[\w.-]+)*;base64,/i;
const WEB = /^https?:\/\//;
const BASE64 = /^[A-Za-z0-9+/]+=*$/;

export function fileNode(part) {
  const urls = urlsOf(part);
  const name = fileName(part);
  const image = urls.find((url) => IMAGE.test(url));
  if (image) return h('img', { class: 'part', src: image, alt: name });
  const web = urls.find((url) => WEB.test(url));
  if (web) return h('a', { class: 'part', href: web, target: '_blank', rel: 'noopener noreferrer' }, name);
  const data = urls.find((url) => DATA.test(url));
  // Saved, never opened: it would be a page of the sender's.
  return data ? h('a', { class: 'part', href: data, download: name }, name) : h('span', { class: 'part' }, name);
}

/** Everything in a part that may say where the file is, or be the file. */
function urlsOf(part) {
  const { url, image_url, file_url, image, data, source, file, file_data } = part;
  const places = [url, image_url, file_url, image, data, source, file, file_data].flatMap((place) =>
    typeof place === 'object' && place !== null ? [place.url, place.file_data, inline(place)] : [place],
  );
  return [...places, inline(part)].filter((place) => typeof place === 'string');
}

/** Bare base64 and its type as a URL. */
function inline({ data, media_type, mediaType, mimeType }) {
  const type = media_type ?? mediaType ?? mimeType;
  return typeof type === 'string' && typeof data === 'string' && BASE64.test(data)
    ? `data:${type};base64,${data}`
    : null;
}

export function fileName(part) {
  const kind = /image/.test(`${part.type} ${part.mediaType ?? part.mimeType ?? ''}`) ? 'Image' : 'File';
  const names = [part.filename, part.title, part.name, part.file?.filename];
  return names.find((name) => typeof name === 'string' && name !== '') ?? kind;
}
