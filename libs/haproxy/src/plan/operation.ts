import type { ServerAddress } from '../model/server.ts';

/** One change through HAProxy's socket. It holds no content of certificates: those are read when it is executed. */
export type Operation =
  | AddServer
  | TakeBackServer
  | { readonly kind: 'set-address'; readonly backend: string; readonly server: string; readonly address: ServerAddress }
  | { readonly kind: 'set-weight'; readonly backend: string; readonly server: string; readonly weight: number }
  | { readonly kind: 'set-maxconn'; readonly backend: string; readonly server: string; readonly maxconn: number }
  | {
      readonly kind: 'set-state';
      readonly backend: string;
      readonly server: string;
      readonly state: 'ready' | 'maint';
    }
  | RemoveServer
  | { readonly kind: 'replace-certificate'; readonly name: string; readonly file: string }
  | AddCertificate
  | RemoveCertificate
  | ReplaceMap
  | EditMap;

export interface AddServer {
  readonly kind: 'add-server';
  readonly backend: string;
  readonly server: string;
  readonly address: ServerAddress;
  /** Words after the address, as `add server` takes them. */
  readonly words: readonly string[];
  /** The weight the file gives it. */
  readonly weight: number;
  /** See `dynamicServer`: its place in a hash is only right when its weight is set afterwards. */
  readonly weightAfterwards: boolean;
  readonly check: boolean;
  readonly agentCheck: boolean;
  /** The backend gives cookies made of addresses, and `add server` makes none for the server. */
  readonly dynamicCookie: boolean;
  /** The file says `disabled`: it stays in maintenance. */
  readonly disabled: boolean;
}

/** A server on its way out that is wanted again, with what changed since. */
export interface TakeBackServer {
  readonly kind: 'take-back-server';
  readonly backend: string;
  readonly server: string;
  readonly address?: ServerAddress;
  readonly weight?: number;
  /** Its removal may have begun with the end of its agent. */
  readonly agentCheck: boolean;
  readonly disabled: boolean;
}

export interface RemoveServer extends LeavingServer {
  readonly kind: 'remove-server';
  /** How it stops to get new connections while the others end: see `removal`. */
  readonly via: 'drain' | 'maint';
}

/** What is known of a server that leaves, to take it back as it was. */
export interface LeavingServer {
  readonly backend: string;
  readonly server: string;
  readonly address: ServerAddress | undefined;
  readonly weight: number;
  /** Its options but the weight: a server that returns with others is another server. */
  readonly options: string;
  readonly agentCheck: boolean;
}

/** Servers that left the file and still run because connections of theirs have not ended. */
export interface LeavingServers {
  get(backend: string, server: string): LeavingServer | undefined;
}

export const noneLeaving: LeavingServers = { get: () => undefined };

export interface AddCertificate {
  readonly kind: 'add-certificate';
  readonly name: string;
  readonly file: string;
  /** False when HAProxy holds it already, for another list. */
  readonly create: boolean;
  /** Lists or directories it enters; `entry` is the list's line where it has options. */
  readonly lists: readonly { readonly list: string; readonly entry?: string }[];
}

export interface RemoveCertificate {
  readonly kind: 'remove-certificate';
  readonly name: string;
  readonly lists: readonly string[];
  /** False when something else still uses it. */
  readonly forget: boolean;
}

export interface ReplaceMap {
  readonly kind: 'replace-map';
  readonly family: 'map' | 'acl';
  readonly name: string;
  readonly file: string;
}

export interface EditMap {
  readonly kind: 'edit-map';
  readonly name: string;
  readonly file: string;
  readonly edits: readonly MapEdit[];
}

export type MapEdit =
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | { readonly kind: 'add'; readonly key: string; readonly value: string }
  | { readonly kind: 'del'; readonly key: string };

/** The line that forces a reload. */
export interface ReloadReason {
  /** Path in the release. */
  readonly file: string;
  /** From 1; undefined when it is about a whole file. */
  readonly line: number | undefined;
  /** The line, passwords blanked out; empty when it is about a whole file. */
  readonly text: string;
  readonly why: string;
}

export type Plan =
  | { readonly kind: 'none' }
  | { readonly kind: 'runtime'; readonly operations: readonly Operation[] }
  | {
      readonly kind: 'reload';
      readonly reason: ReloadReason;
      /** What can be applied at runtime while the reload waits. */
      readonly operations: readonly Operation[];
    };

/** What adds comes first, what takes away comes last: no step leaves less to serve with than the plan's end. */
const rank: Readonly<Record<Operation['kind'], number>> = {
  'add-certificate': 0,
  'replace-certificate': 0,
  'add-server': 1,
  'take-back-server': 1,
  'set-address': 2,
  'set-weight': 3,
  'set-maxconn': 3,
  'set-state': 3,
  'replace-map': 4,
  'edit-map': 4,
  'remove-server': 5,
  'remove-certificate': 6,
};

export const operationKinds = Object.keys(rank) as Operation['kind'][];

export const inOrder = (operations: readonly Operation[]): Operation[] =>
  [...operations].sort((a, b) => rank[a.kind] - rank[b.kind]);
