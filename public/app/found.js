/** Follows a search, and describes its results and its progress. */

import { store } from './store.js';
import { counted, formatNumber } from './times.js';

/** The most results that are listed. */
const MOST = 100;

export class Found {
  #changed;
  #status = document.getElementById('search-count');
  #stop = () => {};
  #text = '';
  #state = null;
  #live = null;

  /** `changed(isOther)` is called when there is something new to show; `isOther`: for another text. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Null where nothing is searched for, or has not been yet. */
  get results() {
    return this.#state && (this.#state.data?.results ?? []);
  }

  get isSearching() {
    return this.#state?.data?.isComplete === false;
  }

  /** Lets the server look further; null where it has looked at everything, or cannot. */
  get loadMore() {
    return this.#state?.data?.hasMore ? () => this.#live.loadMore() : null;
  }

  search(query) {
    // A space behind it says that its last word is whole.
    const text = query.trimStart();
    if (text === this.#text) return;
    this.#text = text;
    this.#stop();
    this.#stop = text ? this.#follow(store.liveSearch(text, { limit: MOST })) : () => {};
    if (!text) this.#show(null, true);
  }

  #follow(live) {
    this.#live = live;
    let isOther = true;
    const show = () => {
      const state = live.getSnapshot();
      if (state.isLoading) return;
      this.#show(state, isOther);
      isOther = false;
    };
    const stop = live.subscribe(show);
    show();
    return stop;
  }

  #show(state, isOther) {
    this.#state = state;
    this.#status.textContent = state ? `${counted(this.results?.length ?? 0, 'place')} found. ${this.note ?? ''}` : '';
    this.#changed(isOther);
  }

  /** What is to be known of the results besides; null where all there is was searched. */
  get note() {
    const { data, error } = this.#state ?? {};
    if (error) return 'The search did not work.';
    if (!data) return null;
    if (this.isSearching) return 'Searching…';
    return data.scope === 'device' ? 'Only this device was searched.' : preparation(data.indexed);
  }
}

/** How far the server is; null where it has prepared all. The others are found as well, but later. */
function preparation({ done, of }) {
  if (done >= of) return null;
  return `The server has prepared ${formatNumber(done)} of ${counted(of, 'conversation')} for search.`;
}
