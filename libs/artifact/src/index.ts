export { type CheckedVersions, type Withdrawal, createCheckedVersions } from './checked-versions.ts';
export { ArtifactError } from './artifact-error.ts';
export { type ArtifactReader, createArtifactReader } from './artifact-reader.ts';
export type { LoadedArtifact } from './delta.ts';
export { type Artifact, type FollowOptions, type FollowStatus, followArtifacts } from './follower.ts';
export { endHold, holdFleet } from './hold.ts';
export { tryBlobs } from './try-blobs.ts';
export {
  type Publication,
  type Publisher,
  type PublisherOptions,
  type PublishOutcome,
  createPublisher,
} from './publisher.ts';
