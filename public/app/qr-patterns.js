/** What a QR code has beside data: finders, timing, alignment, version and format. `modules` are null where data goes. */

/** By version, where alignment patterns are centred. */
const ALIGNMENT = [
  null,
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];

/** Error correction M, in the format's bits. */
const LEVEL_M = 0b00;

export function sizeOf(version) {
  return version * 4 + 17;
}

export function drawFunctionPatterns(modules, version) {
  const size = modules.length;
  for (const [row, column] of [
    [0, 0],
    [0, size - 7],
    [size - 7, 0],
  ])
    drawFinder(modules, row, column);
  for (let at = 8; at < size - 8; at += 1) {
    modules[6][at] = at % 2 === 0;
    modules[at][6] = at % 2 === 0;
  }
  drawAlignment(modules, ALIGNMENT[version]);
  if (version >= 7) drawVersion(modules, version);
  modules[size - 8][8] = true;
}

/** A finder, with the light line around it. */
function drawFinder(modules, top, left) {
  for (let row = -1; row <= 7; row += 1) {
    for (let column = -1; column <= 7; column += 1) {
      if (modules[top + row]?.[left + column] === undefined) continue;
      const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
      modules[top + row][left + column] = ring !== 2 && ring !== 4;
    }
  }
}

function drawAlignment(modules, centres) {
  for (const row of centres) {
    for (const column of centres) {
      if (isFinderCorner(row, column, centres)) continue;
      for (let down = -2; down <= 2; down += 1) {
        for (let right = -2; right <= 2; right += 1) {
          modules[row + down][column + right] = Math.max(Math.abs(down), Math.abs(right)) !== 1;
        }
      }
    }
  }
}

/** Three corners belong to the finders. */
function isFinderCorner(row, column, centres) {
  const last = centres.at(-1);
  return (row === 6 && column === 6) || (row === 6 && column === last) || (row === last && column === 6);
}

function drawVersion(modules, version) {
  const bits = (version << 12) | remainder(version, 12, 0x1f25);
  const start = modules.length - 11;
  for (let bit = 0; bit < 18; bit += 1) {
    const dark = ((bits >> bit) & 1) === 1;
    const long = Math.floor(bit / 3);
    const short = start + (bit % 3);
    modules[long][short] = dark;
    modules[short][long] = dark;
  }
}

/** Level and mask, twice. */
export function drawFormat(modules, mask) {
  const size = modules.length;
  const data = (LEVEL_M << 3) | mask;
  const bits = ((data << 10) | remainder(data, 10, 0x537)) ^ 0x5412;
  const dark = (bit) => ((bits >> bit) & 1) === 1;
  const around = [
    [0, 8],
    [1, 8],
    [2, 8],
    [3, 8],
    [4, 8],
    [5, 8],
    [7, 8],
    [8, 8],
    [8, 7],
    [8, 5],
    [8, 4],
    [8, 3],
    [8, 2],
    [8, 1],
    [8, 0],
  ];
  around.forEach(([row, column], bit) => {
    modules[row][column] = dark(bit);
  });
  for (let bit = 0; bit < 8; bit += 1) modules[8][size - 1 - bit] = dark(bit);
  for (let bit = 8; bit < 15; bit += 1) modules[size - 15 + bit][8] = dark(bit);
}

/** The check bits of a BCH code. */
function remainder(value, length, polynomial) {
  let rest = value;
  for (let bit = 0; bit < length; bit += 1) rest = (rest << 1) ^ ((rest >> (length - 1)) * polynomial);
  return rest;
}

/** Whether a mask inverts a module. */
export function isMasked(mask, row, column) {
  const product = row * column;
  const conditions = [
    (row + column) % 2,
    row % 2,
    column % 3,
    (row + column) % 3,
    (Math.floor(row / 2) + Math.floor(column / 3)) % 2,
    (product % 2) + (product % 3),
    ((product % 2) + (product % 3)) % 2,
    (((row + column) % 2) + (product % 3)) % 2,
  ];
  return conditions[mask] === 0;
}
