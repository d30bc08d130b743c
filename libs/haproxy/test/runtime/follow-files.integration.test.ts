import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificate, cleanUp, freePort } from '@flotilla/testkit';
import { fingerprintOf } from '../../src/plan/pem.ts';
import { findDrift } from '../../src/runtime/find-drift.ts';
import { filesConfig, filesOf, testFiles, type TestFiles } from '../live/files-config.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { release, writeRelease } from '../live/release-folder.ts';
import { propertyRuns, propertyTimeoutMs } from '../live/runs.ts';
import { servedFingerprint } from '../live/served.ts';

const pems = new Map<string, string>();
const pem = (name: string, issue: number): string => pems.get(`${name}${issue}`) ?? '';
const ports = { followed: [0, 0, 0], fresh: [0, 0, 0] };
const first: TestFiles = { issues: { a: 0 }, listed: [{ name: 'a', filter: false }], hosts: [], denied: [] };

const runs = propertyRuns(5);
let followed: LiveHaproxy;
let fresh: LiveHaproxy;

const start = (own: readonly number[]) =>
  liveHaproxy((dir) => ({ config: filesConfig(dir, own), files: filesOf(first, pem, dir) }));

beforeAll(async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    for (const issue of [0, 1, 2]) {
      const { key, cert } = await certificate({ cn: `${name}.test` });
      // Some have blank lines, which a payload must not have.
      pems.set(`${name}${issue}`, issue === 1 ? `${key}\n\n${cert}\n\n` : key + cert);
    }
  for (const own of [ports.followed, ports.fresh]) for (const at of [0, 1, 2]) own[at] = await freePort();
  followed = await start(ports.followed);
  fresh = await start(ports.fresh);
});
afterAll(cleanUp);

/** Everything HAProxy holds of files, without its folder and its pointers. */
async function held({ socket, haproxy }: LiveHaproxy): Promise<unknown> {
  const root = haproxy.dir;
  const ask = async (command: string) => (await socket.ask(command)).replaceAll(root, '').replace(/^0x\S+ /gm, '');
  const names = (await socket.ask('show ssl cert')).split('\n').filter((line) => line.startsWith('/'));
  const certificates: Record<string, string> = {};
  for (const name of names) {
    const shown = await socket.ask(`show ssl cert ${name}`);
    certificates[name.replace(root, '')] = /FingerPrint: (\S+)/.exec(shown)?.[1] ?? '';
  }
  return {
    certificates,
    directory: (await ask(`show ssl crt-list ${root}/ssl`)).split('\n').sort(),
    list: (await ask(`show ssl crt-list ${root}/crt-list`)).split('\n').sort(),
    hosts: await ask(`show map ${root}/files/hosts.map`),
    denied: await ask(`show acl ${root}/files/denied.lst`),
  };
}

describe('a HAProxy that follows files', () => {
  it('holds after each what a HAProxy started from the files holds', { timeout: propertyTimeoutMs(runs) }, async () => {
    const kinds = { none: 0, runtime: 0, reload: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(testFiles, { minLength: 1, maxLength: 5 }), async (sequence) => {
        for (const files of sequence) {
          const { plan } = await followed.follow(
            followed.release(followed.running().config.text, filesOf(files, pem, followed.haproxy.dir)),
          );
          kinds[plan.kind]++;
          await startAnew(files);
          expect(await held(followed)).toEqual(await held(fresh));
          expect(await findDrift(followed.socket, followed.running(), { removals: followed.removals })).toEqual([]);
          for (const [name, issue] of Object.entries(files.issues))
            expect(await servedFingerprint(ports.followed[0] ?? 0, `${name}.test`)).toBe(
              fingerprintOf(pem(name, issue)),
            );
        }
      }),
      { numRuns: runs, endOnFailure: true },
    );
    expect(kinds.runtime).toBeGreaterThan(kinds.reload);
  });
});

async function startAnew(files: TestFiles): Promise<void> {
  const before = fresh.running();
  const root = fresh.haproxy.dir;
  const known = release(
    root,
    before.config.text,
    Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((n) => [`ssl/${n}.pem`, ''])),
  );
  writeRelease(release(root, before.config.text, filesOf(files, pem, root)), known);
  await fresh.reload();
}
