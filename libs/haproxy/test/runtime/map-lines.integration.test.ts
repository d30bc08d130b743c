import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort } from '@flotilla/testkit';
import { liveHaproxy } from '../live/live-haproxy.ts';

afterEach(cleanUp);

describe('a line of a map that changes', () => {
  // Blanks to others, not to HAProxy; and ends of lines to HAProxy alone.
  it.each([
    'a\u00a0b v\n',
    'a\vb v\n',
    'a\fb\u2003c\tv\n',
    '\ufeffa v\n',
    '\u00a0a v\n',
    'a v\u2028b c\n',
    'a v \u00a0\n',
    'a\u2003 v  w \t\n',
    'a v\r w\n',
    'a v\r\n\r\nb w\r\n',
    '\rx 2\na v\n',
    ' #a v\n',
  ])('is read at runtime as at a start: %j', async (text) => {
    const port = await freePort();
    const config = (dir: string) => `defaults
  mode http
  timeout client 5s
frontend in
  bind 127.0.0.1:${port}
  http-request set-header x %[path,map(${dir}/files/hosts.map,none)]
`;
    const live = await liveHaproxy((dir) => ({ config: config(dir), files: { 'files/hosts.map': 'a 1\n' } }));
    const { dir } = live.haproxy;
    const entries = async () =>
      (await live.socket.ask(`show map ${dir}/files/hosts.map`)).replace(/^0x[0-9a-f]+ /gm, '');
    expect((await live.follow(live.release(config(dir), { 'files/hosts.map': text }))).plan.kind).toBe('runtime');
    const atRuntime = await entries();
    await live.reload();
    expect(atRuntime).toBe(await entries());
  });
});
