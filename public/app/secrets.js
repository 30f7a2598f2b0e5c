/** What looks like a secret in a text: by its shape, as the command's `--redact` knows it, and by what stands in front of it. */

/** The rules to find secrets by; fetched when they are first needed. */
export async function loadRules() {
  const response = await fetch('/secret-patterns.json');
  return compile(await response.json());
}

export function compile(patterns) {
  return patterns.map(({ name, hints, expression, ignoreCase, isGuess = false }) => ({
    name: name.replaceAll('-', ' '),
    hints,
    isGuess,
    expression: new RegExp(expression, `dg${ignoreCase ? 'i' : ''}`),
  }));
}

/** Where secrets are, in order: `{ name, start, end }`. What two rules find is the first one's. */
export function findSecrets(text, rules) {
  const found = [];
  for (const { name, hints, expression } of rules) {
    if (!hints.some((hint) => text.includes(hint))) continue;
    for (const { indices } of text.matchAll(expression)) {
      const [start, end] = indices[1] ?? indices[0];
      if (found.every((other) => end <= other.start || start >= other.end)) found.push({ name, start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
