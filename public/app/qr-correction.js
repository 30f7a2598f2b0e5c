/** Error correction of QR codes: Reed-Solomon over the field of 256 elements with the polynomial 0x11d. */

const EXPONENTS = [];
const LOGARITHMS = [];
for (let power = 0, value = 1; power < 255; power += 1) {
  EXPONENTS[power] = value;
  LOGARITHMS[value] = power;
  value = value < 128 ? value << 1 : (value << 1) ^ 0x11d;
}

function multiply(a, b) {
  return a === 0 || b === 0 ? 0 : EXPONENTS[(LOGARITHMS[a] + LOGARITHMS[b]) % 255];
}

/** The polynomial with the roots 2^0 to 2^(degree-1), without its leading 1. */
function generator(degree) {
  let coefficients = [1];
  for (let root = 0; root < degree; root += 1) {
    const next = [...coefficients, 0];
    coefficients.forEach((coefficient, index) => {
      next[index + 1] ^= multiply(coefficient, EXPONENTS[root]);
    });
    coefficients = next;
  }
  return coefficients.slice(1);
}

/** The code words that a block gets: what remains of it, divided by the generator. */
export function errorCorrection(block, count) {
  const divisor = generator(count);
  const remainder = Array(count).fill(0);
  for (const word of block) {
    const factor = word ^ remainder.shift();
    remainder.push(0);
    divisor.forEach((coefficient, index) => {
      remainder[index] ^= multiply(coefficient, factor);
    });
  }
  return remainder;
}
