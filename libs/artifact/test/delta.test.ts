import fc from 'fast-check';
import { type Manifest, digest, epoch, fleetName, revision, version, bundleFile } from '@flotilla/domain';
import { expect, test } from 'vitest';
import { decodeDelta, encodeDelta } from '../src/delta-bytes.ts';
import { type LoadedArtifact, applyDelta, makeDelta, maxDeltaBytes } from '../src/delta.ts';
import { digestBundle } from '../src/digested-bundle.ts';

type Files = Record<string, string>;

function hold(files: Files, number = 1): LoadedArtifact {
  const bundle = bundleOf(files);
  const manifest: Manifest = {
    fleet: fleetName('lb'),
    epoch: epoch('e'),
    version: version(number),
    digest: bundle.digest,
    revision: revision(number),
    createdAt: '2026-01-01T00:00:00.000Z',
    files: bundle.files,
  };
  return { manifest, files: bundle.contents };
}

const bundleOf = (files: Files) =>
  digestBundle(Object.entries(files).map(([path, text]) => bundleFile(path, Buffer.from(text))));

function deltaBetween(before: LoadedArtifact, files: Files) {
  const after = hold(files, before.manifest.version + 1);
  const { files: _, ...identity } = after.manifest;
  const base = {
    digest: before.manifest.digest,
    files: new Map(before.manifest.files.map((file) => [file.path, file])),
  };
  return { after, delta: makeDelta(base, bundleOf(files), identity, (path) => before.files.get(path)) };
}

const path = fc.constantFrom('haproxy.cfg', 'crt-list', 'ssl/a', 'ssl/a.pem', 'files/x.map');
const bundle = fc.dictionary(path, fc.string({ maxLength: 30 }));

test('a delta gives the same artifact as all of its files', () => {
  fc.assert(
    fc.property(bundle, bundle, (from, to) => {
      const before = hold(from);
      const { after, delta } = deltaBetween(before, to);
      const applied = applyDelta(before, decodeDelta(encodeDelta(delta!)));
      expect(applied.manifest).toEqual(after.manifest);
      expect([...applied.files].sort()).toEqual([...after.files].sort());
    }),
    { numRuns: 1_000 },
  );
});

test('a change too large for the feed has no delta', () => {
  const { delta } = deltaBetween(hold({ 'haproxy.cfg': 'a' }), { 'haproxy.cfg': 'b'.repeat(maxDeltaBytes) });
  expect(delta).toBeUndefined();
});

test('a delta for another base is refused', () => {
  const { delta } = deltaBetween(hold({ 'haproxy.cfg': 'a' }), { 'haproxy.cfg': 'b' });
  expect(() => applyDelta(hold({ 'haproxy.cfg': 'c' }), delta!)).toThrow(/another base/);
});

test('a delta that does not lead to its digest is refused', () => {
  const before = hold({ 'haproxy.cfg': 'a' });
  const { delta } = deltaBetween(before, { 'haproxy.cfg': 'b' });
  const wrong = { ...delta!, manifest: { ...delta!.manifest, digest: digest('0'.repeat(64)) } };
  expect(() => applyDelta(before, wrong)).toThrow(/does not lead to its digest/);
});

test('a delta cannot write outside the release folder', () => {
  const before = hold({ 'haproxy.cfg': 'a' });
  const { delta } = deltaBetween(before, { 'haproxy.cfg': 'b' });
  const wrong = { ...delta!, changes: [{ kind: 'content', path: '../passwd', bytes: Buffer.from('x') }] as const };
  expect(() => applyDelta(before, wrong)).toThrow(/unsafe path/);
});

test('a bundle with an unsafe path or the same path twice is refused', () => {
  const file = (path: string) => bundleFile(path, Buffer.from('x'));
  expect(() => digestBundle([file('/etc/passwd')])).toThrow(/leaves the release folder/);
  expect(() => digestBundle([file('a'), file('a')])).toThrow(/two files at "a"/);
});

test('bytes that are no delta are told as damaged, and nothing else is thrown', () => {
  const whole = encodeDelta(deltaBetween(hold({ a: '1' }), { a: '2' }).delta!);
  for (const bytes of [Buffer.alloc(0), Buffer.from('no'), Buffer.alloc(64), whole.subarray(0, 40)])
    expect(() => decodeDelta(bytes)).toThrow('a change in the feed cannot be read');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeDelta(Buffer.from(bytes))).toThrow(/cannot be read/);
    }),
  );
});
