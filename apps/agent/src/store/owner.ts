import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlotillaError, reasonOf, parseJsonObject } from '@flotilla/domain';
import { privateFolder } from '@flotilla/runtime';
import { replaceFile } from './durable.ts';

/** Who works with a data folder. */
export interface Owner {
  readonly fleet: string;
  readonly node: string;
}

export interface Claim {
  /** Resolves with the reason when somebody else has the folder; never rejects. */
  readonly lost: Promise<Error>;
  giveUp(): Promise<void>;
}

const file = 'owner.json';

/**
 * Makes sure that one agent works with a data folder, and only with that of its own fleet.
 *
 * The claim is a lock on the folder itself (flock(2), by util-linux's `flock`, as Node has none): it holds in every
 * namespace, and nobody can take the locked file away. The kernel gives it back when its holder ends. That is a child
 * which ends with the agent, however that happens; when it ends before, the folder is claimed again. `owner.json` only
 * says whose folder it is.
 * `warn` is told what does not keep the agent from its work.
 * Throws `FlotillaError`: `data-dir-in-use`, `data-dir-of-other-fleet`, `flock-missing`.
 */
export async function claimFolder(root: string, owner: Owner, warn: (text: string) => void): Promise<Claim> {
  privateFolder(root);
  let lock = await lockFolder(root);
  const before = readOwner(root);
  if (before.fleet !== undefined && before.fleet !== owner.fleet) {
    await lock.giveUp();
    throw new FlotillaError(
      'data-dir-of-other-fleet',
      `${root} has the releases of fleet ${before.fleet}, and this agent is of fleet ${owner.fleet}: give it a FLOTILLA_DATA_DIR ` +
        `of its own, or remove ${join(root, file)} if the folder is to serve ${owner.fleet} from now on`,
    );
  }
  writeOwner(root, owner, warn);

  let isGivenUp = false;
  /** Until the claim is given up, or somebody else has it. */
  const keep = async (): Promise<Error> => {
    for (;;) {
      const reason = await lock.ended;
      if (isGivenUp) return reason;
      warn(`${reason.message}; the folder is claimed again`);
      const again = await lockAgain(root, () => isGivenUp);
      if (again instanceof Error) return again;
      lock = again;
      if (isGivenUp) await lock.giveUp();
    }
  };
  const lost = keep();
  return {
    lost,
    async giveUp() {
      isGivenUp = true;
      await lock.giveUp();
      await lost;
    },
  };
}

interface Lock {
  /** Resolves with the reason when its holder has ended. */
  readonly ended: Promise<Error>;
  giveUp(): Promise<void>;
}

const pauseMs = 1_000;

/** A holder that cannot be started, for want of memory say, is tried again; who took the folder meanwhile has it. */
async function lockAgain(root: string, isOver: () => boolean): Promise<Lock | Error> {
  for (;;) {
    try {
      return await lockFolder(root);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      if (isOver() || (reason instanceof FlotillaError && reason.code === 'data-dir-in-use')) return reason;
      await sleep(pauseMs, undefined, { ref: false });
    }
  }
}

/** `flock` ends with this code when somebody else has the lock, the shell with that one when there is no `flock`. */
const [taken, missing] = [75, 127];

/**
 * Says that it has the lock, and holds it until its standard input ends: with this process. Signals that reach a whole
 * group or unit do not end it; it goes when the agent has done its work. The holder of an agent that was killed may need
 * a moment to notice.
 */
const holder = `trap '' INT TERM HUP; exec flock -w 1 -E ${taken} "$0" sh -c 'echo held && exec cat > /dev/null'`;

function lockFolder(root: string): Promise<Lock> {
  const child = spawn('/bin/sh', ['-c', holder, root], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code) => {
      if (code === taken) resolve(inUse(root));
      else if (code === missing)
        resolve(new FlotillaError('flock-missing', 'flock is needed to claim the data folder: install util-linux'));
      else resolve(new Error(`the claim of ${root} was lost: its holder ended (${code ?? 'killed'})`));
    });
  });
  return new Promise((resolve, reject) => {
    void ended.then(reject);
    child.stdout.once('data', () => {
      for (const one of [child, child.stdin, child.stdout]) if ('unref' in one) one.unref();
      resolve({
        ended,
        giveUp: async () => {
          child.stdin.end();
          await ended;
        },
      });
    });
  });
}

/** On a full disk the old words stay: whose folder it is does not depend on who is there now. */
function writeOwner(root: string, owner: Owner, warn: (text: string) => void): void {
  const now = { ...owner, pid: process.pid, host: hostname(), since: new Date().toISOString() };
  try {
    replaceFile(join(root, file), `${JSON.stringify(now)}\n`);
  } catch (error) {
    warn(`${join(root, file)} cannot be written (${reasonOf(error)}): a second agent would be told of the one before`);
  }
}

function inUse(root: string): FlotillaError {
  const { fleet, node, pid, host, since } = readOwner(root);
  const who = node === undefined ? '' : ` (node ${node} of fleet ${fleet}, process ${pid} on ${host}, since ${since})`;
  return new FlotillaError(
    'data-dir-in-use',
    `another agent${who} works with ${root}: stop it, or give this one a FLOTILLA_DATA_DIR of its own`,
  );
}

/** What the last owner said of itself. */
function readOwner(root: string): Partial<Record<'fleet' | 'node' | 'pid' | 'host' | 'since', string>> {
  try {
    const parsed = parseJsonObject(readFileSync(join(root, file), 'utf8'));
    return parsed.ok
      ? Object.fromEntries(Object.entries(parsed.value).map(([name, value]) => [name, String(value)]))
      : {};
  } catch {
    return {};
  }
}
