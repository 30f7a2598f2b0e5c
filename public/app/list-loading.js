/** The progress of loading the list of conversations on a new device. */

import { store } from './store.js';
import { counted, formatNumber } from './times.js';

export class ListLoading {
  #node = document.getElementById('list-loading');

  constructor() {
    store.on('status', () => this.#show());
    this.#show();
  }

  #show() {
    const { loading } = store.status;
    this.#node.hidden = !loading;
    if (!loading) return;
    const { done, total } = loading;
    const bar = this.#node.querySelector('progress');
    if (total === null) {
      bar.removeAttribute('value');
    } else {
      bar.max = total;
      bar.value = done;
    }
    this.#node.querySelector('p').textContent = textOf(done, total);
  }
}

function textOf(done, total) {
  if (total !== null) return `${formatNumber(done)} of ${counted(total, 'conversation')}`;
  return done === 0 ? 'Getting your conversations…' : `${counted(done, 'conversation')} so far`;
}
