/** The page's icons, drawn with lines of one width. */

import { s } from './dom.js';

const PATHS = {
  archive: 'M4 5h16v4H4zM5.5 9v10h13V9M10 13h4',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  bookmark: 'M7 4.5h10V20l-5-4-5 4z',
  chart: 'M5 19v-6M12 19V5M19 19v-9',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  device: 'M3.5 5.5h12v9h-12zM7 18.5h5M17 9h3.5v9.5H17z',
  down: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  edit: 'M4.5 19.5l.8-4L16 4.8l3.2 3.2L8.5 18.7zM13.7 7.1l3.2 3.2',
  fork: 'M7 8.5v3a3 3 0 0 0 3 3h4a3 3 0 0 0 3-3v-3M12 14.5V17M7 4.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM17 4.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM12 16.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  forward: 'M9.5 5.5 16 12l-6.5 6.5',
  key: 'M4 7h16v10H4zM7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8',
  lifebuoy:
    'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM6.4 6.4l3.5 3.5M14.1 14.1l3.5 3.5M17.6 6.4l-3.5 3.5M9.9 14.1l-3.5 3.5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 1 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 1 0 5.7 5.7l1.1-1.1',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  moon: 'M19.5 14A8 8 0 0 1 10 4.5a8 8 0 1 0 9.5 9.5z',
  pin: 'M9 4h6l-.8 6 3.3 3.5h-11L9.8 10zM12 13.5V20',
  pulse: 'M3.5 12h4l2.5-6 4 12 2.5-6h4',
  refresh: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5',
  sample: 'M12 3.5l1.9 5.6 5.6 1.9-5.6 1.9-1.9 5.6-1.9-5.6L4.5 11l5.6-1.9z',
  send: 'M12 19V5M6 11l6-6 6 6',
  share: 'M12 15V4M8 7.5 12 3.5l4 4M6 11.5H5V20h14v-8.5h-1',
  stop: 'M8 8h8v8H8z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10 11v5M14 11v5',
  upload: 'M12 15.5V4.5M7 9l5-5 5 5M5 20h14',
  write: 'M12 5v14M5 12h14',
};

export function icon(name) {
  return s(
    'svg',
    { class: 'icon-drawing', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    s('path', {
      d: PATHS[name],
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': name === 'more' ? 2.6 : 1.7,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
    }),
  );
}

/** Gives a button an icon, and a name for those who do not see it. */
export function decorate(button, name, label) {
  button.replaceChildren(icon(name));
  button.setAttribute('aria-label', label);
  button.title = label;
  return button;
}
