import type { SourceEvent } from '@flotilla/domain';

/** Applies an event to a consumer's state, as the port says. */
export function fold(objects: Map<string, string>, event: SourceEvent): void {
  if (event.kind === 'state') {
    objects.clear();
    for (const { path, text } of event.objects) objects.set(path, text);
    return;
  }
  for (const change of event.changes) {
    if (change.kind === 'put') objects.set(change.path, change.text);
    else objects.delete(change.path);
  }
}
