/**
 * The demo's "assistant": it says what it is, gives back what it was told, and writes it word by word, as a model
 * would. So everything that a chat frontend does with its store happens here too.
 */

/** What marks its messages. */
export const DEMO = 'demo-echo';

/** Between two words, in ms. */
const PACE = 35;

/** Of a message, so much is given back. */
const ECHOED = 600;

/** `version`: how many replies the same message has with this one. */
export function demoReplyTo(text, version = 1) {
  const words = text.split(/\s+/).filter(Boolean).length;
  const shown = text.length > ECHOED ? `${text.slice(0, ECHOED)}…` : text;
  const quoted = shown
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
  return [
    `There is no AI behind this page, so this is an echo. You wrote ${words === 1 ? 'one word' : `${words} words`}:`,
    quoted,
    ...(version > 1 ? [`This is reply ${version} to the same message. The others are still there.`] : []),
    'While these words appear, they are saved on this device and sent to the server together. ' +
      'Reload the page, or go offline and write on: **nothing of it is lost**.',
  ].join('\n\n');
}

/** The text as it grows, word by word; ends early when `signal` is aborted. */
export async function* stream(text, signal) {
  const words = text.match(/\S+\s*/g) ?? [];
  let shown = '';
  for (const word of words) {
    await pause(PACE, signal);
    if (signal.aborted) return;
    shown += word;
    yield shown;
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** As the original frontend estimates them: four characters a token. */
export function countTokens(question, answer) {
  const [input, output] = [question, answer].map((text) => Math.ceil(text.length / 4));
  return { input, output, total: input + output };
}
