import type { JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';

/**
 * A pod is ready when it has an IP, has container statuses, every one of them is ready, and it is not being deleted.
 * The first three are the original's rule; a pod with a `deletionTimestamp` is about to go and takes no new work.
 */
export function isReady(pod: JsonObject): boolean {
  const { metadata, status } = pod;
  if (!isJsonObject(status)) return false;
  if (isJsonObject(metadata) && metadata['deletionTimestamp']) return false;
  const { podIP, containerStatuses } = status;
  if (typeof podIP !== 'string' || podIP === '') return false;
  if (!Array.isArray(containerStatuses) || containerStatuses.length === 0) return false;
  return containerStatuses.every((container) => isJsonObject(container) && container['ready'] === true);
}
