import { Session } from 'node:inspector';
import { writeFileSync } from 'node:fs';
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
let n = 0;
const orig = Array.prototype.map;
globalThis.__tick = () => {
  n += 1;
  if (n === 200000) {
    session.post('Profiler.stop', (e, { profile }) => {
      const self = new Map();
      const dt = profile.timeDeltas;
      profile.samples.forEach((s, i) => self.set(s, (self.get(s) ?? 0) + dt[i]));
      const nodes = profile.nodes
        .filter((x) => self.get(x.id))
        .sort((a, b) => self.get(b.id) - self.get(a.id))
        .slice(0, 12);
      for (const x of nodes)
        console.error(
          self.get(x.id),
          x.callFrame.functionName,
          x.callFrame.url.slice(-30),
          x.callFrame.lineNumber,
          x.callFrame.columnNumber,
        );
      console.error(new Error().stack);
      process.exit();
    });
  }
};
const get = Map.prototype.get;
Map.prototype.get = function (k) {
  globalThis.__tick();
  return get.call(this, k);
};
await import('./zz-debug.mjs');
