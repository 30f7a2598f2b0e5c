/** Dates and numbers as people read them. */

const DAY = 86_400_000;

const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const month = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const number = new Intl.NumberFormat();

/** The beginning of a day, so many days ago. */
function midnight(daysAgo) {
  const date = new Date();
  date.setHours(0, 0, 0, 0);
  date.setDate(date.getDate() - daysAgo);
  return date.getTime();
}

/** The group of a list that a point in time belongs to. */
export function periodOf(iso) {
  const at = Date.parse(iso);
  if (at >= midnight(0)) return 'Today';
  if (at >= midnight(1)) return 'Yesterday';
  if (at >= midnight(7)) return 'Last seven days';
  return month.format(at);
}

/** As short as it can be: the time today, the weekday in this week, else the date. */
export function shortTime(iso) {
  const at = Date.parse(iso);
  if (at >= midnight(0)) return time.format(at);
  if (at >= midnight(6)) return weekday.format(at);
  return new Date(at).getFullYear() === new Date().getFullYear() ? day.format(at) : dayAndYear.format(at);
}

export function longTime(iso) {
  return full.format(Date.parse(iso));
}

export function dayOf(iso) {
  return dayAndYear.format(Date.parse(iso));
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
  return number.format(value);
}

/** "1 message", "2 messages". */
export function counted(count, noun) {
  return `${number.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function formatBytes(bytes) {
  if (bytes < 1000) return counted(bytes, 'byte');
  if (bytes < 1_000_000) return `${number.format(Math.round(bytes / 1000))} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
