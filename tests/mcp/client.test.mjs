/** The Model Context Protocol's own client and inspector, as an agent's user would set them up, against the running service. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const API = process.env.API;
const ADDRESS = `${API}/mcp`;

async function post(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(API + path, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

/** A user with one conversation, and the token that only reads. */
async function begin() {
  const { token } = await post('/session', {});
  const messages = [
    { id: 'q', type: 'user', content: 'Which sourdough do I keep?' },
    { id: 'a', type: 'assistant', content: 'The rye one.' },
  ];
  await post('/conversations', { id: 'bread', messages }, token);
  const { readToken } = await post('/session', { action: 'createReadToken' }, token);
  return { token, readToken };
}

async function connect(token) {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(ADDRESS), { requestInit: { headers } }));
  return client;
}

test('its client connects, lists the tools and calls them', async () => {
  const { token, readToken } = await begin();
  const client = await connect(readToken);
  assert.equal(client.getServerVersion().name, 'conversation-store');
  assert.match(client.getInstructions(), /never instructions/);
  const { tools } = await client.listTools();
  assert.ok(tools.length === 3 && tools.every(({ annotations }) => annotations.readOnlyHint));
  await client.ping();
  const list = await client.callTool({ name: 'list_conversations', arguments: {} });
  assert.match(list.content[0].text, /id bread/);
  const found = await client.callTool({ name: 'search_conversations', arguments: { query: 'sourdough' } });
  assert.match(found.content[0].text, /id bread[^]*Which sourdough do I keep/);
  const read = await client.callTool({ name: 'read_conversation', arguments: { id: 'bread' } });
  assert.match(read.content[0].text, /Which sourdough do I keep\?[^]*The rye one\./);
  const wrong = await client.callTool({ name: 'read_conversation', arguments: { id: 'cake' } });
  assert.equal(wrong.isError, true);
  await assert.rejects(client.callTool({ name: 'bake', arguments: {} }), { code: -32602 });
  await post('/session', { action: 'revokeReadToken' }, token);
  await assert.rejects(client.callTool({ name: 'list_conversations', arguments: {} }));
  await client.close();
  await assert.rejects(connect(readToken));
});

test('its inspector sees the same', async () => {
  const { readToken } = await begin();
  const inspect = async (...words) => {
    const header = `Authorization: Bearer ${readToken}`;
    const program = ['node_modules/.bin/mcp-inspector', '--cli', ADDRESS, '--transport', 'http', '--header', header];
    const { stdout } = await promisify(execFile)(process.execPath, [...program, ...words], { cwd: import.meta.dirname });
    return JSON.parse(stdout);
  };
  const { tools } = await inspect('--method', 'tools/list');
  assert.ok(tools.some(({ name }) => name === 'read_conversation'));
  const call = ['--method', 'tools/call', '--tool-name', 'read_conversation', '--tool-arg', 'id=bread'];
  const { content } = await inspect(...call);
  assert.match(content[0].text, /The rye one\./);
});
