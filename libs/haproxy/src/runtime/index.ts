export { runtimeSocket, type AskOnce, type RuntimeSocket, type RuntimeSocketOptions } from './socket.ts';
export { type SocketAddress } from './exchange.ts';
export { applyPlan, type ApplyOptions, type ApplyResult, type ApplyStep } from './apply-plan.ts';
export { type ApplyFailure } from './failure.ts';
export { readBack, type Difference, type ReadBack } from './read-back.ts';
export { findDrift, mendingPlan, type Drift, type DriftOptions } from './find-drift.ts';
export { PendingRemovals, type PendingRemovalsOptions, type SweepOutcome } from './pending-removals.ts';
export { readProcessInfo, type ProcessInfo } from './process-info.ts';
export { parseServersState, type ServerState } from './server-state.ts';
