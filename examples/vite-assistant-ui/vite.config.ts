/** Builds and serves the application; requests for conversation-store go through a proxy. */

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The address of the API. */
const { origin, pathname } = new URL(process.env.CONVERSATION_STORE_URL ?? 'http://127.0.0.1:3000/api');

/** The page asks its own origin, as it does in a deployment with a rewrite. */
const proxy = {
  '/api': { target: origin, changeOrigin: true, rewrite: (path: string) => path.replace(/^\/api/, pathname) },
};

export default defineConfig({ plugins: [react()], server: { proxy }, preview: { proxy } });
