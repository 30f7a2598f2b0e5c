/** The state of the server's database, from its health check. */

/** Writes it into a node, when it is known. */
export async function showHealth(node) {
  try {
    const response = await fetch('/api/health/redis', { cache: 'no-store' });
    const { status, latencyMs, error } = await response.json();
    node.textContent =
      status === 'healthy'
        ? `Redis is healthy and answered in ${latencyMs} ms.`
        : `Redis is unhealthy: ${error ?? 'no reason given'}.`;
  } catch {
    node.textContent = 'The server did not answer.';
  }
}
