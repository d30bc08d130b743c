import { z } from 'zod';
import { parseAs } from './schema.ts';

/** What an operator wants of one node's agent. */
export interface NodeWish {
  /** An agent obeys a wish once, however often it stands in Redis. */
  readonly id: string;
  /**
   * - `retry`: try again now what was refused, and what waits for its next attempt
   * - `reload`: reload HAProxy now, whatever puts reloads off
   * - `older`: take the version that Redis offers, though it is older than what the node had
   */
  readonly kind: WishKind;
}

const kinds = ['retry', 'reload', 'older'] as const;

export type WishKind = (typeof kinds)[number];

/** What the sealed wish is: it is of use to this agent alone, until it ends. */
export const wishPurpose = (node: string, instance: string): string => `wish/${node}/${instance}`;

const wishSchema = z.object({ id: z.string(), kind: z.enum(kinds) });

/** Undefined for what another version wrote and this one does not know. */
export const parseWish = (text: string): NodeWish | undefined => parseAs(wishSchema, text);
