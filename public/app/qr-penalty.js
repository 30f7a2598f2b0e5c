/** How hard a QR code is to read, by the standard's four rules: the mask with the lowest penalty is taken. */

const FINDER_LIKE = ['10111010000', '00001011101'];

export function penalty(modules) {
  const rows = modules.map((row) => row.map(Number).join(''));
  const columns = modules.map((_, column) => modules.map((row) => Number(row[column])).join(''));
  const lines = [...rows, ...columns];
  return runs(lines) + blocks(rows) + finders(lines) + balance(rows);
}

/** Five or more of a colour in a line. */
function runs(lines) {
  const found = lines.flatMap((line) => line.match(/0{5,}|1{5,}/g) ?? []);
  return found.reduce((sum, run) => sum + run.length - 2, 0);
}

/** Squares of 2 by 2 of a colour. */
function blocks(rows) {
  let count = 0;
  for (let row = 1; row < rows.length; row += 1) {
    for (let column = 1; column < rows.length; column += 1) {
      const square = rows[row - 1].slice(column - 1, column + 1) + rows[row].slice(column - 1, column + 1);
      if (square === '0000' || square === '1111') count += 1;
    }
  }
  return count * 3;
}

/** What looks like a finder, and is none. */
function finders(lines) {
  let count = 0;
  for (const line of lines) {
    for (const pattern of FINDER_LIKE) {
      for (let at = line.indexOf(pattern); at >= 0; at = line.indexOf(pattern, at + 1)) count += 1;
    }
  }
  return count * 40;
}

/** More dark than light, or the other way round: 10 for each 5 % beyond the first. */
function balance(rows) {
  const dark = rows.join('').split('1').length - 1;
  const share = (dark * 100) / (rows.length * rows.length);
  return Math.floor(Math.abs(share - 50) / 5) * 10;
}
