/**
 * Building DOM nodes. Text only ever becomes text: there is no way here to turn a string into markup.
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. `properties` are set as attributes, but for `class`, for functions (`onclick`: event listeners) and for
 * what is null or false, which is left out.
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An element of an SVG drawing. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  // One by one: there may be more of them than a call takes arguments.
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Calls back once `wait` ms have gone by without another call. */
export function debounce(wait, callback) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(callback, wait, ...args);
  };
}
