export { capabilities, type Capabilities } from './capabilities.ts';
export { commandsOf, planCommands } from './commands.ts';
export { diff } from './diff.ts';
export { needsCheck, reducedShape } from './needs-check.ts';
export { fingerprintOf } from './certificate-identity.ts';
export type { Release, ReleaseFile } from './release.ts';
export {
  noneLeaving,
  operationKinds,
  type LeavingServer,
  type LeavingServers,
  type Operation,
  type Plan,
  type ReloadReason,
} from './operation.ts';
