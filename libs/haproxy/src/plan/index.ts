export { capabilities, type Capabilities } from './capabilities.ts';
export { commandsOf, planCommands } from './commands.ts';
export { diff } from './diff.ts';
export { needsCheck } from './needs-check.ts';
export { withServersOf } from './with-servers.ts';
export type { Release, ReleaseFile } from './release.ts';
export {
  operationKinds,
  type LeavingServer,
  type LeavingServers,
  type Operation,
  type Plan,
  type ReloadReason,
} from './operation.ts';
