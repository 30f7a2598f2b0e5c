/** Stands in for a model: streams the answer of a route of the application. */

/** The answer, piece by piece. */
export async function* askModel(question: string): AsyncGenerator<string> {
  const response = await fetch('/answer', { method: 'POST', body: question });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) yield part.value;
}
