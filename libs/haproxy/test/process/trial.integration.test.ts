import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, freePort, startChild, temporaryFolder, waitFor } from '@flotilla/testkit';
import { afterEach, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { bindsOf } from '../../src/process/binds.ts';
import { hasSameRights, tryBinds, tryIdentity } from '../../src/process/trial.ts';

afterEach(cleanUp);
const isRoot = process.getuid?.() === 0;
const trial = { binary: 'haproxy', environment: process.env, timeoutMs: 10_000 };

it('says in HAProxy’s words which bind is refused, and leaves nothing behind', async () => {
  const { path } = temporaryFolder('sockets');
  // Of someone who was killed during a trial, long ago.
  const left = mkdtempSync(join(tmpdir(), 'flotilla-trial-'));
  utimesSync(left, 0, 0);
  const port = await freePort();
  const config = parseConfig(`global
  unix-bind prefix ${path} mode 600
frontend f
  bind 127.0.0.1:${port}
  bind /x.sock
  bind 192.0.2.1:${port}
  bind /none/y.sock
`);
  const refused = await tryBinds(bindsOf(config), config, trial);
  expect(refused.map(({ bind }) => bind.address)).toEqual([`192.0.2.1:${port}`, '/none/y.sock']);
  expect(refused[1]?.words).toContain(`[${path}/none/y.sock]`);
  expect(readdirSync(path)).toEqual([]);
  expect(existsSync(left)).toBe(false);
});

it('finds out whether HAProxy gets its root and its user, by what it may do', async () => {
  const { path } = temporaryFolder('identity');
  const global = (...lines: string[]) => parseConfig(`global\n${lines.map((line) => `  ${line}\n`).join('')}`);
  expect(await tryIdentity(global('maxconn 3'), trial)).toEqual([]);
  const rooted = await tryIdentity(global(`chroot ${path}`, 'user nobody', 'group nogroup'), trial);
  expect(rooted).toEqual(isRoot ? [] : [expect.stringMatching(/^Cannot chroot\(/)]);
  expect(await tryIdentity(global(`chroot ${join(path, 'none')}`), trial)).toEqual([
    expect.stringMatching(/^Cannot chroot\(.*\(global: chroot /),
  ]);

  // One that may not take another user; no user but root has that right to begin with.
  const binary = join(path, 'haproxy');
  const drop = '--bounding-set=-setuid,-setgid --inh-caps=-setuid,-setgid';
  writeFileSync(binary, `#!/bin/sh\nexec ${isRoot ? `setpriv ${drop} ` : ''}haproxy "$@"\n`);
  chmodSync(binary, 0o755);
  const weak = { ...trial, binary };
  expect(await tryIdentity(global('user nobody'), weak)).toEqual([
    expect.stringMatching(/^Cannot (?:set uid|switch uid).*\(global: user nobody\)$/),
  ]);
  expect(await tryIdentity(global('group nogroup'), weak)).toEqual([expect.stringMatching(/^Cannot set gid/)]);
  expect(await tryIdentity(global(`uid ${process.getuid?.()}`), weak)).toEqual([]);
  expect(existsSync(join(path, 'none'))).toBe(false);
});

it('ends a HAProxy that does not answer, in time or when it is broken off', async () => {
  const { path } = temporaryFolder('slow');
  const binary = join(path, 'haproxy');
  writeFileSync(binary, `#!/bin/sh\necho $$ >> ${path}/pids\nexec sleep 60\n`);
  chmodSync(binary, 0o755);
  const wanted = parseConfig('global\n  user nobody\n');
  const pids = () =>
    existsSync(join(path, 'pids')) ? readFileSync(join(path, 'pids'), 'utf8').trim().split('\n') : [];
  expect(await tryIdentity(wanted, { ...trial, binary, timeoutMs: 100 })).toEqual([]);
  const ending = new AbortController();
  const broken = tryIdentity(wanted, { ...trial, binary, signal: ending.signal });
  await waitFor(() => pids().length === 2, { what: 'the second one' });
  ending.abort(new Error('enough'));
  await expect(broken).rejects.toThrow('enough');
  expect(pids().filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

it('says nothing where HAProxy has other rights', async () => {
  expect(await hasSameRights(process.pid)).toBe(true);
  // Only root can give up a right; the first process of the machine has more than any other user.
  const other = isRoot ? (await startChild('setpriv', ['--bounding-set=-setuid', 'sleep', '60'])).pid : 1;
  await expect.poll(() => hasSameRights(other)).toBe(false);
  expect(await hasSameRights(0)).toBe(false);
});
