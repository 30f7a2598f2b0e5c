/**
 * What counts as a word, in texts and in what is searched for: the same here as at the server (src/search there), to which
 * tests/search-cases.json holds both.
 */

/** A word, or a character of Chinese, Japanese or Korean, and where in the text it stands. */
export interface Unit {
  /** Without case and accents. */
  folded: string;
  start: number;
  end: number;
  isCjk: boolean;
  /** Whether it is a character of Chinese, Japanese or Korean, and so is the one that it directly follows. */
  isGlued: boolean;
}

/** In the index longer words are cut: they are data rather than text. */
const MOST_CHARACTERS = 64;

/** What only says how others are to be shown or joined. A space without a width stands between words. */
const IGNORED = '(?!\\u200b)\\p{Default_Ignorable_Code_Point}';
const NOT_ASCII = /[^\0-\x7f]/;
/** In words: dashes, quotation marks and pictures are not. */
const NOT_ASCII_IN_WORDS = new RegExp(`(?![\\0-\\x7f])[\\p{Alphabetic}\\p{N}\\p{M}]|${IGNORED}`, 'u');
const ASCII_WORDS = /[a-z0-9]+/g;
const LETTER = /[\p{Alphabetic}\p{N}]/u;
const WORDS = new RegExp(`[\\p{Alphabetic}\\p{N}](?:[\\p{Alphabetic}\\p{N}\\p{M}]|${IGNORED})*`, 'gu');
/** What may make one character of the one before it and itself: marks of Japanese, vowels and finals of Korean. */
const SECOND = /[\u1161-\u1175\u11a8-\u11c2\u3099\u309a]/;
/** Korean has spaces, but what is looked for is often a part of what stands between them. */
const CJK_RANGES =
  '\\u1100-\\u11ff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3021-\\u3029\\u3031-\\u3035\\u3041-\\u318f\\u31a0-\\u31bf\\u31f0-\\u31ff' +
  '\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\uff66-\\uffdc\\u{1aff0}-\\u{1b16f}\\u{20000}-\\u{3ffff}';
const CJK = new RegExp(`[${CJK_RANGES}]`, 'u');
/** Words without these are folded as a whole. */
const IN_PIECES = new RegExp(`[\\p{M}${CJK_RANGES}]|${IGNORED}`, 'u');
const IS_IGNORED = new RegExp(`^${IGNORED}$`, 'u');
const MARKS = /\p{M}/gu;
/** Letters that Unicode does not take apart, as they are written where they are not at hand; and a letter at the end of a word. */
const LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
};
const WITHOUT_STROKE = /[ßæœþøđðłħŧıς]/g;

/** The form in which words are compared: without case, accents and compatibility forms. */
export function fold(word: string): string {
  if (!NOT_ASCII.test(word)) return word.toLowerCase();
  const lower = word.normalize('NFKD').toLowerCase();
  return lower
    .replace(MARKS, (mark) => (isMark(mark) ? '' : mark))
    .replace(WITHOUT_STROKE, (c) => LETTERS[c] as string);
}

const knownMarks = new Map<string, boolean>();

/**
 * Whether a character only changes the one before it, as an accent does: its combining class, which regular expressions do not
 * know, is not 0. Then it comes to stand before the only mark of the highest class.
 */
function isMark(character: string): boolean {
  let isOne = knownMarks.get(character);
  if (isOne === undefined) {
    isOne = character === '\u0345' || !`\u0345${character}`.normalize('NFD').startsWith('\u0345');
    knownMarks.set(character, isOne);
  }
  return isOne;
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
    if (!unit.isCjk) terms.push(cut(unit.folded));
    before = unit;
  }
  if (before?.isCjk) terms.push(before.folded);
  return terms;
}

/** A word as the index has it: others may begin with the same characters, so what is found is compared with the text. */
export function cut(word: string) {
  return word.length > MOST_CHARACTERS ? word.slice(0, MOST_CHARACTERS) : word;
}

/** The words of a text, and its characters of scripts without spaces, one after the other. */
export function* unitsOf(text: string): Generator<Unit> {
  for (const { 0: word, index: start } of text.matchAll(WORDS)) {
    if (IN_PIECES.test(word)) yield* piecesOf(word, start);
    else yield { folded: fold(word), start, end: start + word.length, isCjk: false, isGlued: false };
  }
}

function piecesOf(word: string, first: number): Unit[] {
  const units: Unit[] = [];
  // Whether what comes may go on with the last one.
  let isOpen = false;
  let end = first;
  for (const character of word) {
    const start = end;
    end += character.length;
    if (IS_IGNORED.test(character)) continue;
    const last = isOpen ? units.at(-1) : undefined;
    if (last && takes(last, character)) {
      last.end = end;
    } else if (!isMarkOfWords(character)) {
      isOpen = LETTER.test(character);
      if (isOpen) add(units, last, character, start, end);
    }
  }
  // Folded as a whole: in its parts a word is what it is in the text.
  for (const unit of units) if (!unit.isCjk) unit.folded = fold(unit.folded);
  return units;
}

function add(units: Unit[], last: Unit | undefined, character: string, start: number, end: number) {
  const isCjk = CJK.test(character);
  if (last && !last.isCjk && !isCjk) {
    last.folded += character;
    last.end = end;
  } else {
    const folded = isCjk ? usual(character) : character;
    units.push({ folded, start, end, isCjk, isGlued: Boolean(isCjk && last?.isCjk) });
  }
}

/** A character of Chinese, Japanese or Korean in its usual form: of full width, and not the one for compatibility. */
function usual(character: string): string {
  const form = character.normalize('NFKC');
  return [...form].length === 1 ? form : character;
}

function isMarkOfWords(character: string) {
  return NOT_ASCII.test(character) && isMark(character);
}

/** Whether a character is a part of the one before it: an accent, or what makes one character of both, as a part of a syllable does. */
function takes(before: Unit, character: string): boolean {
  const form = before.isCjk ? usual(character) : character;
  // An accent makes another sound of these characters: those that have one of their own keep it.
  if (before.isCjk && SECOND.test(form)) {
    const whole = (before.folded + form).normalize('NFC');
    if ([...whole].length === 1) {
      before.folded = whole;
      return true;
    }
  }
  return isMarkOfWords(form);
}

/** Whether both are characters of Chinese, Japanese or Korean with nothing between them. */
export function isGlued(before: Unit | undefined, next: Unit | undefined) {
  return Boolean(before?.isCjk && next?.isGlued);
}
