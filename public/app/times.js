/** Dates and numbers as people read them. */

const DAY = 86_400_000;

/** What makes something when it is first asked for it: what formats takes 20 ms to load, which the list need not wait for. */
function onDemand(make) {
  let made = null;
  return () => (made ??= make());
}

const dates = (options) => onDemand(() => new Intl.DateTimeFormat(undefined, options));

const time = dates({ hour: 'numeric', minute: '2-digit' });
const weekday = dates({ weekday: 'long' });
const day = dates({ day: 'numeric', month: 'short' });
const dayAndYear = dates({ day: 'numeric', month: 'short', year: 'numeric' });
const utcDay = dates({ day: 'numeric', month: 'short', timeZone: 'UTC' });
const month = dates({ month: 'long', year: 'numeric' });
const full = dates({ dateStyle: 'full', timeStyle: 'short' });
const number = onDemand(() => new Intl.NumberFormat());

/** The longest that what is to be formatted waits for a frame, in ms: a page in the background draws none. */
const LONGEST_WAIT = 200;

/** What is to be formatted when the first frame is drawn; null: it has been. */
let waiting = [];

/** Calls back once it is no matter how long formatting takes: at once, but for what the first frame shows, behind that. */
export function whenFormatting(callback) {
  if (!waiting) callback();
  else if (waiting.push(callback) === 1) afterFrame(formatWaiting);
}

function formatWaiting() {
  const callbacks = waiting ?? [];
  waiting = null;
  for (const callback of callbacks) callback();
}

function afterFrame(callback) {
  requestAnimationFrame(() => setTimeout(callback));
  setTimeout(callback, LONGEST_WAIT);
}

/** The beginning of a day, so many days ago. */
function midnight(daysAgo) {
  const date = new Date();
  date.setHours(0, 0, 0, 0);
  date.setDate(date.getDate() - daysAgo);
  return date.getTime();
}

/** The group of a list that a point in time belongs to: what to call it, or a month. */
export function periodOf(iso) {
  const at = Date.parse(iso);
  if (at >= midnight(0)) return 'Today';
  if (at >= midnight(1)) return 'Yesterday';
  if (at >= midnight(7)) return 'Last seven days';
  const date = new Date(at);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`;
}

/** Whether a group's name is a month, which is to be formatted: `2026-11`. */
export function isMonth(period) {
  return /^\d+-\d\d$/.test(period);
}

export function monthOf(period) {
  return month().format(new Date(`${period}-01T00:00`));
}

/** As short as it can be: the time today, the weekday in this week, else the date. */
export function shortTime(iso) {
  const at = Date.parse(iso);
  if (at >= midnight(0)) return time().format(at);
  if (at >= midnight(6)) return weekday().format(at);
  return new Date(at).getFullYear() === new Date().getFullYear() ? day().format(at) : dayAndYear().format(at);
}

export function longTime(iso) {
  return full().format(Date.parse(iso));
}

export function dayOf(iso) {
  return dayAndYear().format(Date.parse(iso));
}

/** Of a day's date: `2026-11-28`. */
export function dayInUtc(date) {
  return utcDay().format(Date.parse(date));
}

/** How long something lasts from now on: "in 3 days", "in 9 minutes". */
export function remaining(iso) {
  const ms = Date.parse(iso) - Date.now();
  if (ms <= 0) return 'now';
  if (ms >= 2 * DAY) return `in ${Math.round(ms / DAY)} days`;
  if (ms >= 2 * 3_600_000) return `in ${Math.round(ms / 3_600_000)} hours`;
  return `in ${counted(Math.ceil(ms / 60_000), 'minute')}`;
}

export function formatNumber(value) {
  return number().format(value);
}

/** "1 message", "2 messages". */
export function counted(count, noun) {
  return `${number().format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function formatBytes(bytes) {
  if (bytes < 1000) return counted(bytes, 'byte');
  if (bytes < 1_000_000) return `${number().format(Math.round(bytes / 1000))} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
