import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificate, cleanUp, freePort } from '@flotilla/testkit';
import { fingerprintOf } from '../../src/plan/certificate-identity.ts';
import { findDrift } from '../../src/runtime/find-drift.ts';
import * as config from '../live/files-config.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { release, writeRelease } from '../live/release-folder.ts';
import { propertyRuns, propertyTimeoutMs } from '../live/runs.ts';
import { servedFingerprint } from '../live/served.ts';

const pems = new Map<string, string>();
const pem = (name: string, issue: number): string => pems.get(`${name}${issue}`) ?? '';
const ports = { followed: [0, 0, 0], fresh: [0, 0, 0] };

const runs = propertyRuns(6);
let followed: LiveHaproxy;
let fresh: LiveHaproxy;

const start = (own: readonly number[]) =>
  liveHaproxy((dir) => ({
    config: config.filesConfig(dir, own),
    files: config.filesOf(config.firstFiles, pem, dir),
  }));

/** Some have blank lines, which a payload must not have; the last issue has a chain too long for the socket. */
async function issue(name: string, names: string[], at: number): Promise<string> {
  const { key, cert } = await certificate({ cn: `${name}.test`, san: names });
  if (at === config.issueCount - 1) return key + cert + cert.repeat(30);
  return at === 1 ? `${key}\n\n${cert}\n\n` : key + cert;
}

beforeAll(async () => {
  for (const [name, names] of Object.entries({ ...config.certificateNames, client: ['client.test'] }))
    for (let at = 0; at < config.issueCount; at++) pems.set(`${name}${at}`, await issue(name, names, at));
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

/** What each bind serves for each name, as `name issue`. */
async function served(own: readonly number[]): Promise<string[]> {
  const known = new Map([...pems].map(([name, text]) => [fingerprintOf(text), name]));
  const asked = own.flatMap((port, at) => config.askedNames.map((name) => ({ port, at, name })));
  return Promise.all(
    asked.map(async ({ port, at, name }) => `bind ${at} ${name}: ${known.get(await servedFingerprint(port, name))}`),
  );
}

describe('a HAProxy that follows files', () => {
  it(
    'holds and serves after each what a HAProxy started from the files does',
    { timeout: propertyTimeoutMs(runs) },
    async () => {
      const kinds = { none: 0, runtime: 0, reload: 0 };
      let files = config.firstFiles;
      await fc.assert(
        fc.asyncProperty(config.filesSteps, async (sequence) => {
          for (const step of sequence) {
            files = config.blendFiles(files, step);
            const { dir } = followed.haproxy;
            const { plan } = await followed.follow(
              followed.release(followed.running().config.text, config.filesOf(files, pem, dir)),
            );
            kinds[plan.kind]++;
            await startAnew(files);
            expect(await held(followed)).toEqual(await held(fresh));
            expect(await served(ports.followed)).toEqual(await served(ports.fresh));
            expect(await findDrift(followed.socket, followed.running(), { removals: followed.removals })).toEqual([]);
          }
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(kinds.runtime).toBeGreaterThan(kinds.reload);
    },
  );
});

async function startAnew(files: config.TestFiles): Promise<void> {
  const before = fresh.running();
  const root = fresh.haproxy.dir;
  const all = Object.keys(config.certificateNames).map((name) => [`ssl/${name}.pem`, '']);
  const known = release(root, before.config.text, Object.fromEntries(all));
  writeRelease(release(root, before.config.text, config.filesOf(files, pem, root)), known);
  await fresh.reload();
}
