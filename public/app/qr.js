/** QR codes as SVG paths. The codes themselves come from lean-qr. */

import { correction, generate } from '../vendor/lean-qr/index.mjs';

/** The light margin around a code, in modules, that readers need. */
const QUIET_ZONE = 4;

/** The code of a text: the side of its square with the margin, in modules, and the path of its dark modules. */
export function qrPath(text) {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const squares = [];
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) squares.push(`M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`);
    }
  }
  return { size: code.size + 2 * QUIET_ZONE, path: squares.join('') };
}
