import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Digest, Epoch, FleetName, Revision, Version } from './brands.ts';
import { digestSchema, fleetSchema, identitySchema, revisionSchema, timeSchema } from './schema.ts';

/**
 * One file of a rendered bundle; `path` is relative to the release folder. Whoever makes the content knows when it changed,
 * so the digest is made there, once, and everybody else compares digests.
 */
export interface BundleFile {
  readonly path: string;
  readonly content: Buffer;
  readonly digest: Digest;
}

export const bundleFile = (path: string, content: Buffer): BundleFile => ({ path, content, digest: digestOf(content) });

/** The same files with the same content, in the same order. */
export const sameFiles = (a: readonly BundleFile[], b: readonly BundleFile[]): boolean =>
  a.length === b.length && a.every(({ path, digest }, at) => b[at]?.path === path && b[at].digest === digest);

export interface ManifestFile {
  readonly path: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** An artifact: its identity (epoch + digest), its number, what it was made from and its files by digest, sorted by path. */
export interface Manifest {
  readonly fleet: FleetName;
  readonly epoch: Epoch;
  readonly version: Version;
  readonly digest: Digest;
  readonly revision: Revision;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly files: readonly ManifestFile[];
}

export type ArtifactIdentity = Pick<Manifest, 'epoch' | 'version' | 'digest'>;

/** The identity alone of something that has more. */
export const identityOf = ({ epoch, version, digest }: ArtifactIdentity): ArtifactIdentity => ({
  epoch,
  version,
  digest,
});

/** The same content in the same life of the data, whatever its number. */
export const sameArtifact = (a: ArtifactIdentity, b: ArtifactIdentity): boolean =>
  a.epoch === b.epoch && a.digest === b.digest;

export const digestOf = (content: Buffer | string): Digest =>
  createHash('sha256').update(content).digest('hex') as Digest;

/** The digest of a whole bundle: over every file's path and digest, in the order of their paths. */
export function digestOfFiles(files: readonly ManifestFile[]): Digest {
  const hash = createHash('sha256');
  for (const { path, digest } of files) hash.update(`${path}\0${digest}\n`);
  return hash.digest('hex') as Digest;
}

/** Byte-wise order of paths, the same on every machine and locale. */
export const byPath = (a: { path: string }, b: { path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

/** A path that stays inside the release folder: relative, no empty part, no `.` or `..`. */
export const isSafePath = (path: string): boolean =>
  path.length > 0 &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));

const fileSchema = z.object({
  path: z.string().refine(isSafePath, 'leads out of its folder'),
  digest: z.string().length(64).pipe(digestSchema),
  size: z.int().nonnegative(),
});

/** A manifest without its files, as a delta carries it. */
export const manifestHeadSchema = identitySchema.extend({
  fleet: fleetSchema,
  revision: revisionSchema,
  createdAt: timeSchema,
});

export const manifestSchema = manifestHeadSchema.extend({ files: z.array(fileSchema) });
