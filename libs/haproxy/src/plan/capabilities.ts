import { serverKeywords } from '../model/server-keywords.ts';
import { atLeast, parseVersion, type HaproxyVersion } from '../model/version.ts';

/** What a running HAProxy can do without a reload. What is missing here falls back to a reload. */
export interface Capabilities {
  readonly version: string;
  readonly addServer: boolean;
  /** `experimental-mode on` has to come first on the connection. */
  readonly experimental: boolean;
  readonly deleteServer: boolean;
  readonly updateCertificate: boolean;
  readonly editCrtList: boolean;
  readonly replaceMap: boolean;
  /** A server added at runtime starts with the defaults of one of the file. */
  readonly serverDefaults: boolean;
  /** Keywords that `add server` takes. */
  readonly serverKeywords: ReadonlySet<string>;
}

type Feature = 'addServer' | 'deleteServer' | 'updateCertificate' | 'editCrtList' | 'replaceMap' | 'serverDefaults';

/** From which version on; tested on 2.6. Sources are the management guides of the versions named. */
const since: Readonly<Record<Feature, HaproxyVersion>> = {
  // 9.3 "add server": experimental in 2.4, without that mode from 2.5 on.
  addServer: [2, 4],
  // 9.3 "del server": 2.4 deletes only servers that were added at runtime, which the files do not tell; 2.5 deletes all.
  deleteServer: [2, 5],
  // 9.3 "set ssl cert", "commit ssl cert": 2.1 for certificates of binds, 2.4 for those of servers as well.
  updateCertificate: [2, 4],
  // 9.3 "new ssl cert", "add ssl crt-list", "del ssl crt-list": 2.2.
  editCrtList: [2, 4],
  // 9.3 "prepare map", "commit map", "prepare acl", "commit acl": 2.4.
  replaceMap: [2, 4],
  // Everything not said was 0, seen on 2.6.12. Later releases of 2.6 to 2.9 mend it as well, at a patch level not known here.
  serverDefaults: [3, 0],
};

/** Capabilities by the version HAProxy reports (`show info`). An unknown or older version can do nothing: reload. */
export function capabilities(version: string): Capabilities {
  const known = parseVersion(version);
  const can = (feature: Feature): boolean => known !== undefined && atLeast(known, since[feature]);
  return {
    version,
    addServer: can('addServer'),
    experimental: known !== undefined && !atLeast(known, [2, 5]),
    deleteServer: can('deleteServer'),
    updateCertificate: can('updateCertificate'),
    editCrtList: can('editCrtList'),
    replaceMap: can('replaceMap'),
    serverDefaults: can('serverDefaults'),
    serverKeywords: new Set(known ? dynamicKeywords(known) : []),
  };
}

const dynamicKeywords = (version: HaproxyVersion): string[] =>
  [...serverKeywords].flatMap(([keyword, { dynamic }]) => (dynamic && atLeast(version, dynamic) ? [keyword] : []));
