/**
 * A list of any length of which only what is visible is in the document. Items have the heights they turn out to have;
 * whatever changes around it, what the reader looks at stays where it is.
 */

import { h } from './dom.js';

/** How far beyond the visible part items are kept, in pixels: scrolling a little finds them there. */
const MARGIN = 600;

/** Nearer to an end than this is at the end. */
const NEAR = 48;

export class VirtualList {
  #viewport;
  #space = h('div', { class: 'virtual-space' });
  #window = h('div', { class: 'virtual-window' });
  #render;
  #estimate;
  #onReachStart;
  #onReachEnd;
  #items = [];
  #total = 0;
  #heights = new Map();
  #nodes = new Map();
  #offsets = [0];
  #first = 0;
  #last = 0;
  #atEnd = true;
  #anchor = null;
  /** Where the viewport was when that was last looked at. */
  #scrollTop = 0;
  #resizes = new ResizeObserver((entries) => this.#measure(entries));

  /**
   * @param viewport the element that scrolls
   * @param render makes the node of an item
   * @param estimate the height an item has until it is known, in pixels
   * @param follow for what grows at its end: whether that stays in view when it was in view
   * @param onReachStart called when the reader is near the beginning
   * @param onReachEnd called when the reader is near the end
   */
  constructor(viewport, { render, estimate, follow = false, onReachStart = null, onReachEnd = null }) {
    this.#viewport = viewport;
    this.#render = render;
    this.#estimate = estimate;
    this.#onReachStart = onReachStart;
    this.#onReachEnd = onReachEnd;
    this.#atEnd = follow;
    this.follow = follow;
    this.#space.append(this.#window);
    viewport.append(this.#space);
    viewport.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#resizes.observe(viewport);
  }

  /** Whether the end is in view, or was when it last mattered. */
  get isAtEnd() {
    return this.#atEnd;
  }

  /**
   * The items; each has a `key` by which it is recognised, and a `version` that changes with what is to be seen.
   * `total` counts also those that are not loaded, before the first.
   */
  setItems(items, total = items.length) {
    if (!this.#isFirst) this.#noteScrolling();
    this.#items = items;
    this.#total = total;
    const keys = new Set(items.map((item) => item.key));
    for (const key of this.#heights.keys()) if (!keys.has(key)) this.#heights.delete(key);
    this.#arrange();
    // Perhaps there is still room.
    if (this.#onReachStart || this.#onReachEnd) this.#tellEnds();
  }

  /** Forgets everything and shows these items from their end, or their beginning. */
  reset(items) {
    this.#heights.clear();
    this.#anchor = null;
    this.#atEnd = this.follow;
    if (!this.follow) this.#viewport.scrollTop = 0;
    this.#scrollTop = this.#viewport.scrollTop;
    this.setItems(items);
  }

  /** The node of an item, where it is in the document. */
  nodeOf(key) {
    return this.#nodes.get(key)?.node ?? null;
  }

  /** Brings an item into view and gives its node. */
  reveal(key, place = 'nearest') {
    const index = this.#items.findIndex((item) => item.key === key);
    if (index < 0) return null;
    const top = this.#offsets[index];
    const bottom = this.#offsets[index + 1];
    const { scrollTop, clientHeight } = this.#viewport;
    const isVisible = top >= scrollTop && bottom <= scrollTop + clientHeight;
    if (place === 'centre' || !isVisible) {
      const above = place === 'centre' ? Math.max(0, (clientHeight - (bottom - top)) / 2) : 8;
      const below = top < scrollTop || place === 'centre' ? top - above : bottom - clientHeight + above;
      this.#atEnd = false;
      this.#anchor = { key, distance: Math.max(0, below) - top };
      this.#arrange();
    }
    return this.nodeOf(key);
  }

  scrollToEnd() {
    this.#atEnd = true;
    this.#arrange();
  }

  /** Puts the items where they belong, scrolls to what was looked at, and draws what is visible. */
  #arrange() {
    this.#computeOffsets();
    this.#space.style.height = `${this.#offsets.at(-1)}px`;
    this.#keepPlace();
    this.#draw();
  }

  #computeOffsets() {
    const offsets = [0];
    for (const item of this.#items) offsets.push(offsets.at(-1) + (this.#heights.get(item.key) ?? this.#estimate));
    this.#offsets = offsets;
  }

  #keepPlace() {
    const index = this.#anchor ? this.#items.findIndex((item) => item.key === this.#anchor.key) : -1;
    if (this.#atEnd && this.follow) {
      this.#viewport.scrollTop = this.#viewport.scrollHeight;
    } else if (index >= 0) {
      const top = Math.max(0, this.#offsets[index] + this.#anchor.distance);
      if (Math.abs(this.#viewport.scrollTop - top) >= 1) this.#viewport.scrollTop = top;
    }
  }

  #scrolled() {
    this.#noteScrolling(true);
    this.#draw();
    this.#tellEnds();
  }

  /** Notes where the reader is. The event of a scrolling comes later than others, which would undo what they do not know. */
  #noteScrolling(isCertain = false) {
    const { scrollTop, clientHeight, scrollHeight } = this.#viewport;
    if (!isCertain && Math.abs(scrollTop - this.#scrollTop) < 1) return;
    this.#scrollTop = scrollTop;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#remember();
  }

  #tellEnds() {
    const { scrollTop, clientHeight, scrollHeight } = this.#viewport;
    if (this.#items.length === 0 || clientHeight === 0) return;
    if (scrollTop < clientHeight) this.#onReachStart?.();
    if (scrollHeight - scrollTop < clientHeight * 2) this.#onReachEnd?.();
  }

  /** Notes which item is at the top, and how far the top is from its beginning. A list that is read from its beginning
   * has nothing to hold on to: what is new there shows. */
  #remember() {
    const { scrollTop } = this.#viewport;
    const at = this.#indexAt(scrollTop);
    // A placeholder stays first when what it stands for has come.
    const index = this.#items[at]?.isPlaceholder ? at + 1 : at;
    const item = this.follow ? this.#items[index] : null;
    this.#anchor = item ? { key: item.key, distance: scrollTop - this.#offsets[index] } : null;
  }

  /** The item at a height. */
  #indexAt(y) {
    let low = 0;
    let high = this.#items.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** Whether nothing is drawn yet of a list that is read from its beginning: then nobody has scrolled. */
  get #isFirst() {
    return this.#nodes.size === 0 && !this.follow;
  }

  /**
   * What is to be drawn, in pixels. At first a screen, without a look at how high the viewport is: the browser would lay out the
   * whole page for that. It tells as soon as it has.
   */
  #drawnRange() {
    if (this.#isFirst) return [0, innerHeight];
    const { scrollTop, clientHeight } = this.#viewport;
    return [scrollTop - MARGIN, scrollTop + clientHeight + MARGIN];
  }

  #draw() {
    const isFirst = this.#isFirst;
    const [top, bottom] = this.#drawnRange();
    this.#first = this.#indexAt(top);
    this.#last = this.#items.length ? this.#indexAt(bottom) : -1;
    this.#window.style.transform = `translateY(${this.#offsets[this.#first]}px)`;
    const nodes = this.#items.slice(this.#first, this.#last + 1).map((item) => this.#nodeFor(item));
    nodes.forEach((node, index) => {
      node.setAttribute('aria-posinset', this.#total - this.#items.length + this.#first + index + 1);
      node.setAttribute('aria-setsize', this.#total);
    });
    this.#place(nodes);
    // What was drawn before may have reached further: then the browser has moved it.
    this.#scrollTop = isFirst ? 0 : this.#viewport.scrollTop;
  }

  /** The node of an item: the one it has, unless the item has changed. */
  #nodeFor(item) {
    const known = this.#nodes.get(item.key);
    if (known && known.version === item.version) return known.node;
    const node = this.#render(item);
    node.dataset.key = item.key;
    if (known) {
      this.#resizes.unobserve(known.node);
      replace(known.node, node);
    }
    this.#nodes.set(item.key, { node, version: item.version });
    this.#resizes.observe(node);
    return node;
  }

  /** Makes these the nodes in the document, touching none that is in its place already. */
  #place(nodes) {
    const wanted = new Set(nodes);
    const focused = document.activeElement;
    for (const [key, { node }] of this.#nodes) {
      if (wanted.has(node)) continue;
      this.#resizes.unobserve(node);
      // Somebody who works with the keyboard is not thrown back to the beginning of the page.
      if (node.contains(document.activeElement)) this.#viewport.focus({ preventScroll: true });
      node.remove();
      this.#nodes.delete(key);
    }
    let next = this.#window.firstChild;
    for (const node of nodes) {
      if (node === next) next = next.nextSibling;
      else this.#window.insertBefore(node, next);
    }
    // A node that is moved loses the focus.
    const isLost = document.activeElement !== focused && this.#window.contains(focused);
    if (isLost && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  #measure(entries) {
    let changed = false;
    for (const { target } of entries) {
      if (target === this.#viewport) changed = true;
      const { key } = target.dataset;
      const height = target.isConnected ? target.getBoundingClientRect().height : 0;
      if (key === undefined || height === 0 || this.#heights.get(key) === height) continue;
      this.#heights.set(key, height);
      changed = true;
    }
    if (!changed) return;
    this.#noteScrolling();
    if (!this.#anchor) this.#remember();
    this.#arrange();
  }
}

/** Replaces a node by the one that is drawn anew; what has the focus in it has it afterwards. */
function replace(before, after) {
  const within = (node) => [...node.querySelectorAll('a, button, input, textarea')];
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const place = within(before).indexOf(focused);
  before.replaceWith(after);
  if (focused && !after.contains(document.activeElement)) (within(after)[place] ?? after).focus();
}
