import type { Redis } from 'ioredis';
import {
  type ArtifactIdentity,
  type BundleFile,
  type FleetName,
  type Manifest,
  type NewestVersion,
  type Sealer,
  type Version,
  fleetKeys,
  version,
} from '@flotilla/domain';
import { readMeta, recordScript } from '@flotilla/runtime';
import { ArtifactError } from './artifact-error.ts';
import confirmSource from './confirm.lua';
import { parseManifest } from './manifest-text.ts';
import type { Publisher } from './publisher.ts';
import { pullArtifact } from './pull.ts';

/**
 * Which versions HAProxy has checked. A version may go out before its check; Redis knows the last one that was checked,
 * and keeps it as long as newer ones are not. So whoever comes next, after whatever ended in between, finds what is left
 * to check and what to go back to.
 */
export interface CheckedVersions {
  /** The newest version while it is unchecked. */
  unchecked(): Promise<NewestVersion | undefined>;
  /** A version's files. Throws `ArtifactError` (`artifact-missing`) when it is not kept any more. */
  filesOf(artifact: ArtifactIdentity): Promise<BundleFile[]>;
  /** A file of the newest version; undefined when there is none. */
  newestFile(path: string): Promise<BundleFile | undefined>;
  /** Notes that the check found it good. */
  confirm(artifact: ArtifactIdentity): Promise<void>;
  /**
   * Publishes the last checked version again in place of the refused one, as the next version. Undefined when the
   * refused one is not the newest any more. Throws `ArtifactError` (`artifact-missing`) when there is none to go back to.
   */
  withdraw(refused: ArtifactIdentity): Promise<Withdrawal | undefined>;
}

export interface Withdrawal {
  /** The checked version whose content is in force again, */
  readonly to: Version;
  /** under this number. */
  readonly as: Version;
}

const confirmScript = recordScript(confirmSource);

export function createCheckedVersions(options: {
  redis: Redis;
  fleet: FleetName;
  sealer: Sealer;
  publisher: Publisher;
}): CheckedVersions {
  const { redis, fleet, sealer, publisher } = options;
  const { meta, manifests } = fleetKeys(fleet);

  const manifestOf = async (number: number): Promise<Manifest | undefined> => {
    const text = await redis.hget(manifests, String(number));
    return text === null ? undefined : parseManifest(text);
  };
  const filesOf = async (artifact: ArtifactIdentity): Promise<BundleFile[]> => {
    const loaded = await pullArtifact(redis, fleet, sealer, artifact, undefined);
    if (!loaded) throw missing(fleet, artifact.version);
    return loaded.manifest.files.flatMap(({ path, digest }) => {
      const content = loaded.files.get(path);
      return content ? [{ path, content, digest }] : [];
    });
  };

  return {
    async unchecked() {
      const { newest } = await readMeta(redis, fleet);
      return newest && newest.version > newest.checkedVersion ? newest : undefined;
    },
    filesOf,
    async newestFile(path) {
      const { newest } = await readMeta(redis, fleet);
      return newest && (await filesOf(newest)).find((file) => file.path === path);
    },
    async confirm(artifact) {
      await confirmScript.run(redis, [meta], [artifact.epoch, artifact.version]);
    },
    async withdraw(refused) {
      const { newest } = await readMeta(redis, fleet);
      const checked = newest?.checkedVersion ?? 0;
      const good = await manifestOf(checked);
      if (!newest || good?.epoch !== refused.epoch) throw missing(fleet, version(checked));
      const { epoch, revision } = good;
      const outcome = await publisher.publish({
        ...{ epoch, revision, isChecked: true, withdraws: refused.digest },
        files: await filesOf(good),
      });
      return outcome.kind === 'published' ? { to: good.version, as: outcome.manifest.version } : undefined;
    },
  };
}

const missing = (fleet: FleetName, number: Version): ArtifactError =>
  new ArtifactError('artifact-missing', `no checked version of fleet ${fleet} is kept to go back to`, {
    data: { fleet, version: number },
  });
