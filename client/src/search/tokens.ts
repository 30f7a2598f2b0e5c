/** What counts as a word, in texts and in what is searched for: the same here as at the server (src/search there). */

/** A word, or a character of Chinese, Japanese or Korean, and where in the text it stands. */
export interface Unit {
  /** Without case and accents. */
  folded: string;
  start: number;
  end: number;
  isCjk: boolean;
}

/** Longer words are cut: they are data rather than text. */
const MOST_CHARACTERS = 64;

const NOT_ASCII = /[^\0-\x7f]/;
/** In words: dashes, quotation marks and pictures are not. */
const NOT_ASCII_IN_WORDS = /(?![\0-\x7f])[\p{Alphabetic}\p{N}\p{M}]/u;
const ASCII_WORDS = /[a-z0-9]+/g;
const WORDS = /[\p{Alphabetic}\p{N}][\p{Alphabetic}\p{N}\p{M}]*/gu;
/** What only changes the character before it, as an accent does. A vowel sign does more, but for Hebrew and Arabic ones. */
const MARKS = /(?!\p{Alphabetic})\p{Mn}|(?=\p{Mn})[\u0345\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]/gu;
/** What may make one character of the one before it and itself: marks of Japanese, vowels and finals of Korean. */
const SECOND = /[\u1161-\u1175\u11a8-\u11c2\u3099\u309a]/;
/** Korean has spaces, but what is looked for is often a part of what stands between them. */
const CJK_RANGES =
  '\\u1100-\\u11ff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3021-\\u3029\\u3031-\\u3035\\u3041-\\u318f\\u31a0-\\u31bf\\u31f0-\\u31ff' +
  '\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\uff66-\\uffdc\\u{1aff0}-\\u{1b16f}\\u{20000}-\\u{3ffff}';
const CJK = new RegExp(`[${CJK_RANGES}]`, 'u');
const RUNS = new RegExp(`[${CJK_RANGES}]+|[^${CJK_RANGES}]+`, 'gu');

/** The form in which words are compared: without case, accents and compatibility forms. */
export function fold(word: string): string {
  if (!NOT_ASCII.test(word)) return word.toLowerCase();
  return word.normalize('NFKD').toLowerCase().replace(MARKS, '').replaceAll('ς', 'σ');
}

/**
 * What of a text is indexed, in its order: words; and of characters without spaces between words each with the next one, and the
 * last by itself, so that whatever begins with a character is found by it.
 */
export function termsOf(text: string): string[] {
  if (!NOT_ASCII_IN_WORDS.test(text)) return (text.toLowerCase().match(ASCII_WORDS) ?? []).map(cut);
  const terms: string[] = [];
  let before: Unit | undefined;
  for (const unit of unitsOf(text)) {
    if (before?.isCjk) terms.push(before.folded + (isGlued(before, unit) ? unit.folded : ''));
    if (!unit.isCjk) terms.push(unit.folded);
    before = unit;
  }
  if (before?.isCjk) terms.push(before.folded);
  return terms;
}

function cut(word: string) {
  return word.length > MOST_CHARACTERS ? word.slice(0, MOST_CHARACTERS) : word;
}

/** The words of a text, and its characters of scripts without spaces, one after the other. */
export function* unitsOf(text: string): Generator<Unit> {
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    if (!CJK.test(word)) {
      yield wordAt(word, index);
      continue;
    }
    for (const { 0: run, index: at } of word.matchAll(RUNS)) {
      if (CJK.test(run)) yield* charactersOf(run, index + at);
      else yield wordAt(run, index + at);
    }
  }
}

function wordAt(word: string, start: number): Unit {
  return { folded: cut(fold(word)), start, end: start + word.length, isCjk: false };
}

/** An accent makes another sound of these characters: those that have one of their own keep it. */
function charactersOf(run: string, start: number): Unit[] {
  const units: Unit[] = [];
  for (const character of run) {
    const at = units.at(-1)?.end ?? start;
    const before = units.at(-1);
    if (before && takes(before, character)) before.end += character.length;
    else units.push({ folded: character, start: at, end: at + character.length, isCjk: true });
  }
  return units;
}

/** Whether a character is a part of the one before it: an accent, or what makes one character of both, as a part of a syllable does. */
function takes(before: Unit, character: string): boolean {
  if (SECOND.test(character)) {
    const whole = (before.folded + character).normalize('NFC');
    if ([...whole].length === 1) {
      before.folded = whole;
      return true;
    }
  }
  return character.replace(MARKS, '') === '';
}

/** Whether both are characters of Chinese, Japanese or Korean with nothing between them. */
export function isGlued(before: Unit | undefined, next: Unit | undefined) {
  return Boolean(before?.isCjk && next?.isCjk && before.end === next.start);
}
