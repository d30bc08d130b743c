import type { Capabilities } from './capabilities.ts';
import { diffConfig } from './diff-config.ts';
import { diffFiles } from './diff-files.ts';
import { merge, reasonFor } from './findings.ts';
import { inOrder, noneLeaving, type LeavingServers, type Operation, type Plan } from './operation.ts';
import type { Release } from './release.ts';

/**
 * How HAProxy gets from the release it runs to the wanted one: nothing, operations through its socket, or a reload with
 * the line that forces it. Pure; its cost follows the change when both models share their sections (`parseConfig`
 * with the previous model).
 *
 * Disk first: the wanted release must lie on disk before any of it is carried out, since a reload forgets all that was
 * done at runtime.
 */
export function diff(
  running: Release,
  wanted: Release,
  can: Capabilities,
  leaving: LeavingServers = noneLeaving,
): Plan {
  const moved = running.root !== wanted.root;
  const found = merge([
    diffConfig(running.config, wanted.config, can, leaving),
    diffFiles(running, moved ? { ...wanted, root: running.root } : wanted, can),
  ]);
  const [first] = found.forced;
  if (first)
    return { kind: 'reload', reason: reasonFor(first), operations: inOrder(found.operations.filter(standsAlone)) };
  return found.operations.length === 0 ? { kind: 'none' } : { kind: 'runtime', operations: inOrder(found.operations) };
}

/** While a reload waits: maps may name backends that only the new configuration has. */
const standsAlone = ({ kind }: Operation): boolean => kind !== 'replace-map' && kind !== 'edit-map';
