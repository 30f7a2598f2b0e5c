/** Pages in Chromium, with React 18 and 19, and a server for them. */

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the packages of each version are. */
const VERSIONS = { 18: './react-18/node_modules', 19: '../../node_modules' };
export const versions = Object.keys(VERSIONS);

/** Answers what is no page and no script; false where it does not either. */
export type Route = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Serves pages, such as `/18` and `/19`, each with the page bundled with that version. */
export class Pages {
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async serve(page: string, route?: Route): Promise<Pages> {
    const scripts = new Map<string, string>();
    for (const [version, packages] of Object.entries(VERSIONS)) {
      scripts.set(`/${version}.js`, await bundle(placeOf(page), packages));
    }
    return await Pages.serveScripts(scripts, route);
  }

  /** Serves a page for each script: `/name` with `/name.js`. */
  static async serveScripts(scripts: ReadonlyMap<string, string>, route: Route = () => false): Promise<Pages> {
    const server = createServer((request, response) => {
      if (route(request, response)) return;
      const [path = ''] = (request.url ?? '').split('?');
      const script = scripts.get(path);
      response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
      response.end(script ?? `<!doctype html><div id="root"></div><script src="${path}.js"></script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    return new Pages(server, await chromium.launch({ executablePath, args: FLAGS }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Opens a page, in a browser profile of its own where none is given. `complaints` has what the console is told. */
  async open(path: string, context?: BrowserContext) {
    const own = context ?? (await this.#browser.newContext());
    const page = await own.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    const { port } = this.#server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/${path}`);
    return { context: own, page, complaints };
  }
}

const placeOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The script of a page, with React from these packages. */
export async function bundle(entry: string, packages = VERSIONS[19]): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    jsx: 'automatic',
    format: 'iife',
    // The development build: it mounts everything twice in StrictMode, and warns.
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: { react: placeOf(`${packages}/react`), 'react-dom': placeOf(`${packages}/react-dom`) },
  });
  return outputFiles[0]?.text ?? '';
}

export const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

export async function until(condition: () => Promise<unknown>, expected: unknown): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await condition();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (Date.now() > end) assert.deepEqual(found, expected);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
