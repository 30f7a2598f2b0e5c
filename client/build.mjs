/**
 * Builds the client: `dist/`, the npm package, and the browser build in `../public/`, which is committed so that pages
 * work without a build step. `--check` writes nothing and fails where the committed build is out of date.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { bundlePage } from './build-page.mjs';

const ROOT = dirname(fileURLToPath(import.meta.url));
const PUBLIC = join(ROOT, '..', 'public');
const BROWSER_ENTRY = join(ROOT, 'src', 'browser.ts');

/** The package's entries, each a folder of `src` but for the core. */
const ENTRIES = [
  'index.ts',
  'react/index.ts',
  'ai-sdk/index.ts',
  'ai-sdk/react/index.ts',
  'assistant-ui/index.ts',
  'agent-sdk/index.ts',
];

/** What the core may weigh, gzipped bytes: a page loads all of it before it can show anything. */
const MOST_BYTES = 20 * 1024;

const PARSER = join(ROOT, 'node_modules', 'eventsource-parser');

const BANNER = '/*! conversation-store: generated from client/src by client/build.mjs; do not edit. MIT. */';

const NOTICE = `${BANNER}\n${parserNotice()}`;

/** What is loaded together with what synchronises, also where other chunks use it: one request, not five. */
const ENGINE =
  /src\/(sync\/(?!rejection|push-import|bulk-import|pull-branches)|net\/(?!session-storage)|local\/(change-user|ownership|tombstones))|eventsource-parser/;

/** What searches off the page's thread: a file of its own, and all it needs in it. */
const WORKER = { source: join(ROOT, 'src', 'search', 'worker.ts'), name: '../search-worker.js' };

const isCheck = process.argv.includes('--check');

if (!isCheck) await buildPackage();
if (existsSync(BROWSER_ENTRY)) await buildBrowser();

async function buildPackage() {
  const dist = join(ROOT, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await esbuild.build({
    ...common(),
    entryPoints: ENTRIES.map((entry) => join(ROOT, 'src', entry)).filter((path) => existsSync(path)),
    outdir: dist,
    outbase: join(ROOT, 'src'),
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: true,
    // What an adapter is for is the application's; the core has no dependencies.
    external: ['react', 'react/*', 'react-dom', 'ai', 'ai/*', '@ai-sdk/*', '@assistant-ui/*'],
  });
  await esbuild.build({ ...workerOptions(), outfile: join(dist, 'search-worker.js'), sourcemap: true });
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '--project', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' });
}

async function buildBrowser() {
  const types = ['conversation-store.d.ts', await bundleTypes()];
  const files = new Map([...(await bundleBrowser()), types, ...(await bundlePage(PUBLIC))]);
  const size = gzipSync(files.get('conversation-store.js'), { level: 9 }).length;
  console.log(`public/conversation-store.js: ${size} bytes gzipped, of at most ${MOST_BYTES}`);
  for (const [path, text] of files) {
    if (path.includes('/')) console.log(`public/${path}: ${gzipSync(text, { level: 9 }).length} bytes gzipped`);
  }
  if (size > MOST_BYTES) fail('The core has become too large: load at `import()` what few need.');
  if (isCheck) check(files);
  else write(files);
}

/**
 * Path below `public/` → content. Rollup rather than esbuild, which would put what the entry shares with the chunks into a
 * file of its own: a second request before anything can be shown.
 */
async function bundleBrowser() {
  const worker = await bundleWorker();
  const bundle = await rollup({
    input: { 'conversation-store': BROWSER_ENTRY },
    plugins: [typescript(worker.name)],
    preserveEntrySignatures: 'allow-extension',
  });
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: 'conversation-store/[name]-[hash].js',
    onlyExplicitManualChunks: true,
    manualChunks: (id) => (ENGINE.test(id) ? 'engine' : undefined),
  });
  await bundle.close();
  const entry = output.find(({ isEntry }) => isEntry);
  if (entry.imports.length > 0) fail(`The first file waits for others: ${entry.imports.join(', ')}`);
  const files = [[`conversation-store/${worker.name}`, worker.text]];
  for (const { fileName, code } of output) {
    const minified = await esbuild.transform(code, {
      minify: true,
      format: 'esm',
      target: common().target,
      legalComments: 'none',
    });
    const hasParser = code.includes('createParser');
    files.push([fileName, `${hasParser ? NOTICE : BANNER}\n${minified.code}`]);
  }
  return files;
}

/** The worker, named by what is in it, as the other files are. */
async function bundleWorker() {
  const options = { ...workerOptions(), minify: true, legalComments: 'none', write: false };
  const [{ text }] = (await esbuild.build(options)).outputFiles;
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 8);
  return { name: `search-worker-${hash}.js`, text: `${BANNER}\n${text}` };
}

function workerOptions() {
  return { ...common(), splitting: false, entryPoints: [WORKER.source] };
}

/** Resolves the sources and the dependencies as esbuild does, and takes the types out. */
function typescript(workerName) {
  return {
    name: 'typescript',
    resolveId(source, importer) {
      if (source === 'eventsource-parser') return join(PARSER, 'dist', 'index.js');
      return importer && source.endsWith('.js') && importer.endsWith('.ts')
        ? join(dirname(importer), `${source.slice(0, -3)}.ts`)
        : null;
    },
    async transform(code, id) {
      if (!id.endsWith('.ts')) return null;
      const options = {
        loader: 'ts',
        target: common().target,
        sourcefile: id,
        tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
      };
      const { code: plain } = await esbuild.transform(code, options);
      return { code: plain.replace(WORKER.name, `./${workerName}`), map: null };
    },
  };
}

/** One declaration file for pages without a build. */
async function bundleTypes() {
  const bundle = await rollup({ input: BROWSER_ENTRY, plugins: [dts({ compilerOptions: { stripInternal: true } })] });
  const { output } = await bundle.generate({ format: 'es', banner: BANNER });
  await bundle.close();
  const [{ code, moduleIds }] = output;
  const declarations = moduleIds.reduce((text, path) => text.replace(fileComment(path), ''), code);
  return declarations.replace(/\n{3,}/g, '\n\n');
}

/** A source file's first comment. In a bundle it would seem to be about the file's first declaration. */
function fileComment(path) {
  return /^\/\*\*.*?\*\/\n/s.exec(readFileSync(path, 'utf8'))?.[0] ?? '';
}

/** The licence of what is bundled along. */
function parserNotice() {
  const { version } = JSON.parse(readFileSync(join(PARSER, 'package.json'), 'utf8'));
  const licence = readFileSync(join(PARSER, 'LICENSE'), 'utf8').trim();
  return `/*!\nWith eventsource-parser ${version}:\n\n${licence}\n*/`;
}

function common() {
  return {
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
  };
}

/** Files of the last build that this one does not have: their names hold a hash. */
function stale(files) {
  const folder = join(PUBLIC, 'conversation-store');
  const present = existsSync(folder) ? readdirSync(folder) : [];
  return present.map((name) => `conversation-store/${name}`).filter((path) => path.endsWith('.js') && !files.has(path));
}

function write(files) {
  for (const path of stale(files)) rmSync(join(PUBLIC, path));
  for (const [path, content] of files) {
    mkdirSync(dirname(join(PUBLIC, path)), { recursive: true });
    writeFileSync(join(PUBLIC, path), content);
  }
}

function check(files) {
  const differs = ([path, content]) =>
    !existsSync(join(PUBLIC, path)) || readFileSync(join(PUBLIC, path), 'utf8') !== content;
  const outdated = [...[...files].filter(differs).map(([path]) => path), ...stale(files)];
  if (outdated.length > 0) fail(`Out of date: run client/build.mjs, and commit public/: ${outdated.join(', ')}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
