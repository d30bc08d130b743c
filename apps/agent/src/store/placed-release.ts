import type { LoadedArtifact } from '@flotilla/artifact';
import {
  type ArtifactIdentity,
  type Manifest,
  FlotillaError,
  digestOf,
  digestOfFiles,
  layout,
  placeFile,
  unplaceFile,
} from '@flotilla/domain';
import { type ConfigModel, type Release, parseConfig } from '@flotilla/haproxy';
import { ownFiles } from './paths.ts';

/** An artifact with this node's path in place of the release token: what lies on disk, and what HAProxy reads. */
export interface PlacedRelease {
  readonly manifest: Manifest;
  /** Made on this node: the configuration of the manifest's version with the pods of this one, whose own is refused. */
  readonly podsOf?: ArtifactIdentity;
  /** The same as HAProxy's model sees it. */
  readonly release: Release;
  /** Its content is in memory and was verified; else `content` reads the disk, where somebody may have edited it. */
  readonly inMemory: boolean;
  /** The bytes of one file of the manifest. */
  content(path: string): Buffer;
}

/**
 * Places an artifact at `root`, the stable path of the release (`<data>/current`).
 * With the model of the release before, reading the configuration costs what changed.
 * Throws `FlotillaError` (`bundle`) for a bundle without a configuration, or with a file of the agent's own name.
 */
export function placeArtifact({ manifest, files }: LoadedArtifact, root: string, before?: ConfigModel): PlacedRelease {
  for (const name of Object.values(ownFiles)) {
    if (files.has(name)) throw badBundle(manifest, `it has a file "${name}", which the agent writes itself`);
  }
  const config = files.get(layout.config);
  if (!config) throw badBundle(manifest, `it has no ${layout.config}`);
  const placed = new Map<string, Buffer>();
  const content = (path: string): Buffer => {
    const known = placed.get(path);
    if (known) return known;
    const bytes = files.get(path);
    if (!bytes) throw badBundle(manifest, `"${path}" of its manifest is missing`);
    const result = placeFile(path, bytes, root);
    placed.set(path, result);
    return result;
  };
  return { manifest, inMemory: true, content, release: releaseModel(manifest, root, content, before) };
}

/** The model of a release whose files `content` gives, whether from memory or from disk. */
export function releaseModel(
  manifest: Manifest,
  root: string,
  content: (path: string) => Buffer,
  before?: ConfigModel,
): Release {
  const files = manifest.files
    .filter(({ path }) => path !== layout.config)
    .map(({ path, digest }) => [path, { digest, read: () => content(path).toString('utf8') }] as const);
  return { root, config: parseConfig(content(layout.config).toString('utf8'), before), files: new Map(files) };
}

/** A release with another configuration, its other files untouched: for the pods of a version that is refused. */
export function withConfig(base: PlacedRelease, text: string, podsOf: ArtifactIdentity, root: string): PlacedRelease {
  const bytes = Buffer.from(text);
  const content = (path: string): Buffer => (path === layout.config ? bytes : base.content(path));
  const digest = digestOf(unplaceFile(layout.config, bytes, root));
  const files = base.manifest.files.map((file) =>
    file.path === layout.config ? { ...file, digest, size: bytes.length } : file,
  );
  const manifest = { ...base.manifest, files, digest: digestOfFiles(files) };
  return {
    manifest,
    inMemory: base.inMemory,
    content,
    podsOf,
    release: releaseModel(manifest, root, content, base.release.config),
  };
}

const badBundle = ({ version, digest }: Manifest, why: string): FlotillaError =>
  new FlotillaError('bundle', `version ${version} cannot be placed: ${why}`, { data: { version, digest } });
