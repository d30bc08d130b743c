import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { releaseToken, bundleFile } from '@flotilla/domain';
import { cleanUp, temporaryFolder } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { StagedBundle } from '../src/staged-bundle.ts';

afterEach(cleanUp);

test('HAProxy checks the very bytes that nodes get, with its folder in place of the token', async () => {
  const { path: folder } = temporaryFolder('staged');
  // Latin-1, as an error file may be.
  const latin1 = Buffer.from('HTTP/1.0 503 \xfcberlastet\r\n\r\n', 'latin1');
  await new StagedBundle(folder).stage([
    bundleFile('haproxy.cfg', Buffer.from(`errorfile 503 ${releaseToken}/files/503.http\n`)),
    bundleFile('files/503.http', latin1),
  ]);
  expect(readFileSync(join(folder, 'haproxy.cfg'), 'utf8')).toBe(`errorfile 503 ${folder}/files/503.http\n`);
  expect(readFileSync(join(folder, 'files/503.http')).equals(latin1)).toBe(true);
});
