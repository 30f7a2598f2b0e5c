const dot = document.getElementById('dot');
const text = document.getElementById('health');

function show(status, words) {
  dot.className = status;
  text.textContent = words;
}

try {
  const response = await fetch('/api/health/redis', { cache: 'no-store' });
  const health = await response.json();
  if (health.status === 'healthy') show('healthy', `Redis is healthy and answered in ${health.latencyMs} ms.`);
  else show('unhealthy', `Redis is unhealthy: ${health.error ?? 'no reason given'}.`);
} catch {
  show('unhealthy', 'The API did not answer.');
}
