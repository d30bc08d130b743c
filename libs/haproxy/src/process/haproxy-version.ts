import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reasonOf } from '@flotilla/domain';
import { CheckError } from './check.ts';
import { haproxyEnvironment } from './environment.ts';

const run = promisify(execFile);

/** The version of a binary, e.g. `2.6.12-1+deb12u4`, from `haproxy -v`. Throws `CheckError` when there is none. */
export async function haproxyVersion(binary: string, timeoutMs = 5_000): Promise<string> {
  const { stdout } = await run(binary, ['-v'], { timeout: timeoutMs, env: haproxyEnvironment() }).catch(
    (cause: unknown) => {
      throw new CheckError(
        'haproxy-missing',
        `cannot run ${binary} -v: ${reasonOf(cause)}; set FLOTILLA_HAPROXY to its path`,
        {
          cause,
          data: { binary },
        },
      );
    },
  );
  const version = /version (\d+\.\d+\S*)/i.exec(stdout)?.[1];
  if (version === undefined) throw new CheckError('haproxy-version', `${binary} -v does not tell a version: ${stdout}`);
  return version;
}
