import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, temporaryFolder } from '@flotilla/testkit';
import { checkConfig } from '../../src/process/check.ts';

afterEach(cleanUp);

const valid = `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:25999
`;

const stage = (text: string): string => {
  const folder = join(temporaryFolder('check').path, 'stage');
  mkdirSync(folder);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  return file;
};
const check = (text: string) => checkConfig({ binary: 'haproxy', files: [stage(text)], timeoutMs: 10_000 });

describe('checkConfig', () => {
  it('accepts a valid configuration and gives its warnings', async () => {
    expect(await check(valid)).toEqual({ ok: true, warnings: [] });
    const result = await check(
      `${valid}backend b\n  server s 127.0.0.1:1\n  http-request deny\n  redirect prefix /\n  http-request deny\n`,
    );
    expect(result).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('haproxy.cfg:12'), expect.stringMatching(/processed before\.$/)],
    });
  });

  it('accepts what only a master process can run', async () => {
    expect(await check(`${valid}program p\n  command /bin/true\n`)).toEqual({ ok: true, warnings: [] });
  });

  it("gives HAProxy's own words with line and without the staging folder", async () => {
    const result = await check(`${valid}backend b\n  balance backwards\n  foo bar\n`);
    if (result.ok) throw new Error('it must be refused');
    expect(result.message).toMatch(/^parsing \[haproxy\.cfg:9\] : balance only supports/);
    expect(result.message).toContain("parsing [haproxy.cfg:10] : unknown keyword 'foo'");
    expect(result.message).not.toMatch(/stage|Fatal errors|ALERT|NOTICE/);
  });

  it('refuses a configuration without a listener', async () => {
    expect(await check('defaults\n  mode http\n')).toEqual({
      ok: false,
      message: expect.stringMatching(/^Configuration file .* \(no listener\)/),
    });
  });

  it('gives way to everything else when nobody waits for it', async () => {
    const binary = join(temporaryFolder('check').path, 'haproxy');
    // It says its priority (proc(5), field 19) once it is lowered, or after two seconds.
    const priority = `$(cut -d ' ' -f 19 /proc/$$/stat)`;
    const wait = `for _ in $(seq 200); do [ ${priority} != 10 ] || break; sleep 0.01; done`;
    writeFileSync(binary, `#!/bin/sh\n${wait}\necho ${priority}\nexit 1\n`, { mode: 0o700 });
    const asked = { binary, files: [stage(valid)], timeoutMs: 10_000 };
    expect(await checkConfig({ ...asked, givesWay: true })).toEqual({ ok: false, message: '10' });
  });

  it('tells a missing binary and a late answer apart from a bad configuration', async () => {
    const files = [stage(valid)];
    await expect(checkConfig({ binary: '/no/haproxy', files, timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'haproxy-missing',
    });
    await expect(checkConfig({ binary: 'haproxy', files, timeoutMs: 1 })).rejects.toMatchObject({
      code: 'check-timeout',
    });
  });

  it('ends when it is aborted', async () => {
    const abort = new AbortController();
    const running = checkConfig({ binary: 'haproxy', files: [stage(valid)], timeoutMs: 10_000, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  it("does not let a configuration read Flotilla's own settings", async () => {
    process.env['FLOTILLA_KEY'] = 'the-key-of-the-fleet';
    try {
      const result = await check(`${valid}backend b\n  balance "\${FLOTILLA_KEY}"\n`);
      expect(JSON.stringify(result)).not.toContain('the-key-of-the-fleet');
    } finally {
      delete process.env['FLOTILLA_KEY'];
    }
  });
});
