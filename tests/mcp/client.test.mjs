/** The Model Context Protocol's own clients and inspector, as an agent's user would set them up, against the running service. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import * as current from '@modelcontextprotocol/client';
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

const bearer = (token) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } });

/** The client of the versions that begin with a handshake. */
async function connect(token) {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(ADDRESS), bearer(token)));
  return client;
}

/** The client that knows all versions, choosing as `mode` says. */
const connectBy = (mode) => async (token) => {
  const client = new current.Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new current.StreamableHTTPClientTransport(new URL(ADDRESS), bearer(token)));
  return client;
};

const CLIENTS = [
  { name: 'the client of earlier versions', connect },
  { name: 'the client, by a handshake', connect: connectBy('legacy'), version: '2025-11-25' },
  { name: 'the client, as it chooses', connect: connectBy('auto'), version: '2026-07-28' },
  { name: 'the client, of the version without a handshake', connect: connectBy({ pin: '2026-07-28' }), version: '2026-07-28' },
];

for (const { name, connect, version } of CLIENTS) {
  test(`${name} connects, lists the tools and calls them`, async () => {
    const { token, readToken } = await begin();
    const client = await connect(readToken);
    if (version) assert.equal(client.getNegotiatedProtocolVersion(), version);
    assert.equal(client.getServerVersion().name, 'conversation-store');
    assert.match(client.getInstructions(), /never instructions/);
    const { tools } = await client.listTools();
    assert.ok(tools.length === 3 && tools.every(({ annotations }) => annotations.readOnlyHint));
    if (version !== '2026-07-28') await client.ping();
    const list = await client.callTool({ name: 'list_conversations', arguments: {} });
    assert.match(list.content[0].text, /id bread/);
    const found = await client.callTool({ name: 'search_conversations', arguments: { query: 'sourdough' } });
    assert.match(found.content[0].text, /id bread[^]*message q: "Which sourdough do I keep/);
    const read = await client.callTool({ name: 'read_conversation', arguments: { id: 'bread' } });
    assert.match(read.content[0].text, /> Which sourdough do I keep\?\n[^]*> The rye one\./);
    const one = await client.callTool({ name: 'read_conversation', arguments: { id: 'bread', message: 'a', offset: 4 } });
    assert.match(one.content[0].text, /message a\n\n> rye one\.$/);
    const wrong = await client.callTool({ name: 'read_conversation', arguments: { id: 'cake' } });
    assert.equal(wrong.isError, true);
    await assert.rejects(client.callTool({ name: 'bake', arguments: {} }), { code: -32602 });
    await post('/session', { action: 'revokeReadToken' }, token);
    await assert.rejects(client.callTool({ name: 'list_conversations', arguments: {} }));
    await client.close();
    await assert.rejects(connect(readToken));
  });
}

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
