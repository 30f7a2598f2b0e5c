/**
 * QR codes (ISO/IEC 18004): bytes, error correction M, up to 213 of them. That is room for any address of this page.
 */

import { errorCorrection } from './qr-correction.js';
import { drawFunctionPatterns, drawFormat, isMasked, sizeOf } from './qr-patterns.js';
import { penalty } from './qr-penalty.js';

/** By version: how many data code words each block has, and how many of error correction. */
const BLOCKS = [
  null,
  { data: [16], correction: 10 },
  { data: [28], correction: 16 },
  { data: [44], correction: 26 },
  { data: [32, 32], correction: 18 },
  { data: [43, 43], correction: 24 },
  { data: [27, 27, 27, 27], correction: 16 },
  { data: [31, 31, 31, 31], correction: 18 },
  { data: [38, 38, 39, 39], correction: 22 },
  { data: [36, 36, 36, 37, 37], correction: 22 },
  { data: [43, 43, 43, 43, 44], correction: 26 },
];

/**
 * The code of a text: rows of booleans, dark being true.
 *
 * @throws {RangeError} when the text is too long.
 */
export function encodeQr(text, mask = null) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((blocks, version) => blocks && capacity(version) >= bytes.length);
  if (version < 0) throw new RangeError('The text is too long for a QR code.');
  const words = interleaved(dataWords(bytes, version), BLOCKS[version]);
  const candidates = mask === null ? [0, 1, 2, 3, 4, 5, 6, 7] : [mask];
  const codes = candidates.map((candidate) => draw(version, words, candidate));
  const penalties = codes.map(penalty);
  return codes[penalties.indexOf(Math.min(...penalties))];
}

/** How many bytes fit: the header takes 12 bits, 20 from version 10 on. */
function capacity(version) {
  const words = BLOCKS[version].data.reduce((sum, count) => sum + count, 0);
  return words - (version < 10 ? 2 : 3);
}

/** The data code words: mode, length, the bytes, and padding. */
function dataWords(bytes, version) {
  const total = BLOCKS[version].data.reduce((sum, count) => sum + count, 0);
  const bits = [];
  const push = (value, length) => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  push(0, Math.min(4, total * 8 - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0; bits.length < total * 8; pad += 1) push(pad % 2 ? 0x11 : 0xec, 8);
  return Array.from({ length: total }, (_, word) =>
    bits.slice(word * 8, word * 8 + 8).reduce((value, bit) => (value << 1) | bit, 0),
  );
}

/** The blocks' code words in the order in which they are drawn. */
function interleaved(words, { data, correction }) {
  let start = 0;
  const blocks = data.map((length) => words.slice(start, (start += length)));
  const corrections = blocks.map((block) => errorCorrection(block, correction));
  const columns = (lists) =>
    Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, column) =>
      lists.filter((list) => column < list.length).map((list) => list[column]),
    ).flat();
  return [...columns(blocks), ...columns(corrections)];
}

function draw(version, words, mask) {
  const size = sizeOf(version);
  const modules = Array.from({ length: size }, () => Array(size).fill(null));
  drawFunctionPatterns(modules, version);
  drawFormat(modules, mask);
  let at = 0;
  for (const [row, column] of path(size)) {
    if (modules[row][column] !== null) continue;
    const dark = at < words.length * 8 && ((words[at >> 3] >> (7 - (at & 7))) & 1) === 1;
    modules[row][column] = dark !== isMasked(mask, row, column);
    at += 1;
  }
  return modules;
}

/** The way of the data: up and down in pairs of columns, from the right, past the timing pattern. */
function* path(size) {
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const row = upwards ? size - 1 - step : step;
      yield [row, right];
      yield [row, right - 1];
    }
    upwards = !upwards;
  }
}
