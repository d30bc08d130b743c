import { type SourcePosition, sourcePosition } from '@flotilla/domain';

/** etcd counts what happens in it: the position is that number. */
export const positionAt = (index: number): SourcePosition => sourcePosition(String(index));

/** A position of another source is no number and comes before nothing. */
export const comesBefore = (a: SourcePosition, b: SourcePosition): boolean => Number(a) < Number(b);
