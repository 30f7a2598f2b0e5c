/**
 * Builds the demo page: the modules of `public/app/` and the styles of `public/css/` as one file per page and kind in
 * `public/page/`, which is committed. A browser would ask for the modules one after the other, as each names the next.
 */

import { join } from 'node:path';
import * as esbuild from 'esbuild';

const BANNER = '/*! generated from public/app and public/css by client/build.mjs; do not edit. MIT. */';

/** Modules that stay by themselves: loaded earlier or later than the page, or one instance for all that import them. */
const SEPARATE = ['store.js', 'theme.js', 'qr.js'];

/** Path below `public/` → content. */
export async function bundlePage(folder) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: folder,
    entryPoints: ['app/main.js', 'app/shared.js', 'css/main.css', 'css/shared.css'].map((path) => join(folder, path)),
    entryNames: '[name]',
    outdir: join(folder, 'page'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // light-dark() and nesting are used as they are: esbuild would write them out for older browsers.
    supported: { nesting: true },
    banner: { js: BANNER, css: BANNER },
    legalComments: 'none',
    plugins: [separate()],
    write: false,
  });
  return outputFiles.map(({ path, text }) => [`page/${path.slice(join(folder, 'page').length + 1)}`, text]);
}

function separate() {
  return {
    name: 'separate',
    setup(build) {
      build.onResolve({ filter: /^\.\/.*\.js$/ }, ({ path }) =>
        SEPARATE.includes(path.slice(2)) ? { path: `/app/${path.slice(2)}`, external: true } : null,
      );
      build.onResolve({ filter: /^\// }, ({ path }) =>
        path === '/conversation-store.js' ? { path, external: true } : null,
      );
    },
  };
}
