/** QR codes of the page, read by an independent decoder. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { qrPath } from '../../public/app/qr.js';
import { packageFor } from './optional.mjs';

/** Pixels per module: a decoder expects a camera image. */
const SCALE = 4;

/** An image of the path, as RGBA. */
function drawn({ size, path }) {
  const width = size * SCALE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < SCALE; row += 1) {
      const start = ((y * SCALE + row) * width + x * SCALE) * 4;
      for (let pixel = 0; pixel < SCALE; pixel += 1) pixels.fill(0, start + pixel * 4, start + pixel * 4 + 3);
    }
  }
  return { pixels, width };
}

test('a decoder reads the text that a QR code was made of', async (t) => {
  const decode = (await packageFor(t, 'jsqr'))?.default;
  if (!decode) return;
  const texts = [
    'http://127.0.0.1:3000/#link=K7QM-2XWP',
    'https://conversations.example.com/#link=7ABC-9XYZ',
    'Grüße 😀',
    'x7Q/'.repeat(53),
    ...Array.from({ length: 20 }, (_, index) => `https://host-${index}.example/${'path/'.repeat(index)}#link=${index}`),
  ];
  for (const text of texts) {
    const { pixels, width } = drawn(qrPath(text));
    assert.equal(decode(pixels, width, width)?.data, text);
  }
});

test('a damaged QR code can still be read', async (t) => {
  const decode = (await packageFor(t, 'jsqr'))?.default;
  if (!decode) return;
  const text = 'http://127.0.0.1:3000/#link=K7QM-2XWP';
  const { size, path } = qrPath(text);
  const square = (at) => new RegExp(`M(${at}) (${at})h1v1h-1z`, 'g');
  const damaged = { size, path: path.replace(square('1[5-8]'), '') };
  assert.notEqual(damaged.path, path);
  const { pixels, width } = drawn(damaged);
  assert.equal(decode(pixels, width, width)?.data, text);
});

test('a QR code has the light margin that readers need', () => {
  const { size, path } = qrPath('http://127.0.0.1:3000/#link=K7QM-2XWP');
  const places = [...path.matchAll(/M(\d+) (\d+)/g)].flatMap(([, x, y]) => [Number(x), Number(y)]);
  assert.equal(Math.min(...places), 4);
  assert.equal(Math.max(...places), size - 5);
});
