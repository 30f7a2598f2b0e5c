/** The secrets marked before sharing; the command line tool replaces them by the same patterns. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { publicTexts } from '../../public/app/public-texts.js';
import { compile, findSecrets } from '../../public/app/secrets.js';

const patterns = JSON.parse(readFileSync(new URL('../../public/secret-patterns.json', import.meta.url)));
const rules = compile(patterns);

const found = (text) => findSecrets(text, rules).map(({ name, start, end }) => [name, text.slice(start, end)]);
const letters = (count) => 'a1B2'.repeat(count / 4 + 1).slice(0, count);

test('secrets are found where they are', () => {
  // Put together here: nothing in this file is to look like one.
  const secrets = [
    ['anthropic key', `sk-ant-${'api03'}-${letters(93)}`],
    ['openai key', `sk-${'proj'}-${letters(48)}`],
    ['secret key', `sk-${letters(30)}`],
    ['github token', `ghp_${letters(36)}`],
    ['github token', `github_pat_${letters(82)}`],
    ['aws access key', `AKIA${'ABCD2345EFGH6723'}`],
    ['google key', `AIza${letters(35)}`],
    ['slack token', `xoxb-${'1'.repeat(12)}-${letters(24)}`],
    ['jwt', `eyJ${letters(20)}.eyJ${letters(20)}.${letters(20)}`],
    ['private key', `-----BEGIN RSA ${'PRIVATE KEY'}-----\nb3Blbn\n-----END RSA ${'PRIVATE KEY'}-----`],
  ];
  for (const [name, secret] of secrets) {
    assert.deepEqual(found(`x ${secret} y`), [[name, secret]]);
    assert.deepEqual(found(`X=${secret}\nX=${secret}`), [
      [name, secret],
      [name, secret],
    ]);
  }
  assert.deepEqual(found('postgres://me:pass%20word@db.example.com/x'), [['password', 'pass%20word']]);
  assert.deepEqual(found('Server=db;Password=hunter2;Pooling=true'), [['password', 'hunter2']]);
  assert.deepEqual(found('{"password": "correct horse"}'), [['password', 'correct']]);
  assert.deepEqual(found(`API_KEY=${letters(16)}`), [['secret', letters(16)]]);
  assert.deepEqual(found(`Authorization: Bearer ${letters(20)}`), [['authorization', letters(20)]]);
});

test('text that is no secret is not marked', () => {
  const texts = [
    'https://example.com/a:b@c and git@github.com:me/it.git',
    'toolu_01A09q90qw90lq917835lq9 msg_01XFDUDYJgAACzvnptvVoYEL',
    'the ghp_ prefix, AKIA and sk-ant- are no secrets; what is a password?',
    'const token = await next(); key: string',
  ];
  for (const text of texts) assert.deepEqual(found(text), []);
});

test('everything sent to a reader is checked', () => {
  const message = {
    id: 'm',
    type: 'assistant',
    content: 'Hi\n\n[tool: Bash]',
    parts: [
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls', env: { A: 'b' } } },
      { type: 'file', filename: 'id_rsa', url: `data:text/plain;base64,${'QUJD'.repeat(300)}` },
    ],
    metadata: { cwd: '/home/me' },
  };
  const seen = publicTexts(message).filter(({ isMachine }) => !isMachine);
  assert.deepEqual(
    seen.map(({ where, text, isMain }) => (isMain ? text : [where, text])),
    [
      'Hi',
      ['Bash name', 'Bash'],
      ['Bash input command', 'ls'],
      ['Bash input env A', 'b'],
      ['file filename', 'id_rsa'],
      ['file url', '(1 KB of a file)'],
      ['metadata cwd', '/home/me'],
    ],
  );
  assert.deepEqual(
    publicTexts({ id: 'm', type: 'user', content: 'x' })
      .filter(({ isMain }) => isMain)
      .map(({ text }) => text),
    ['x'],
  );
});
