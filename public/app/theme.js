/** Light, dark, or as the system has it. Loaded before anything is drawn. */

const KEY = 'conversation-store-theme';

export const THEMES = ['system', 'light', 'dark'];

export function currentTheme() {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.includes(kept) ? kept : 'system';
  } catch {
    // The browser may refuse to keep anything for this page.
    return 'system';
  }
}

export function setTheme(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the page is closed.
  }
  apply(theme);
}

function apply(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

apply(currentTheme());
addEventListener('storage', (event) => {
  if (event.key === KEY) apply(currentTheme());
});
