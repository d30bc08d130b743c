export { recordRefusal } from './accepted.ts';
export type { Batch, Cause } from './batch.ts';
export { type FleetOverview, type FleetProgress, readOverview, readProgress } from './fleet-progress.ts';
export {
  type HeldBack,
  dropReleases,
  readHeldBack,
  readHold,
  readProblems,
  readReleases,
  requestRelease,
} from './held-back.ts';
export * from './inputs-error.ts';
export { type FullRenders, createFullRenders } from './full-renders.ts';
export { type InputsReader, type InputsUpdate, createInputsReader } from './inputs-reader.ts';
export {
  type ClaimOutcome,
  type InputsWriter,
  type Standing,
  type WriteOutcome,
  createInputsWriter,
} from './inputs-writer.ts';
export { tryKeys } from './try-keys.ts';
export { type Leadership, type LeadershipOptions, createLeadership, readLeader } from './leadership.ts';
