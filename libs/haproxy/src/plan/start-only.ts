import type { Section } from '../model/section.ts';
import type { Server } from '../model/server.ts';

/**
 * What HAProxy derives for the servers of its file only when it starts (check_config_validity in its cfgparse.c,
 * init_srv_check in check.c, srv_settings_cpy in server.c), so that a server added at runtime would do without. Each row
 * either spells the result out or wants a reload; each is tried on the real HAProxy by
 * test/runtime/added-servers.integration.test.ts.
 */
interface StartOnly {
  readonly name: string;
  readonly applies: (server: Server) => boolean;
  /** Options that `add server` needs where the file leaves them open. */
  readonly says?: Readonly<Record<string, readonly string[]>>;
  /** Why only a reload makes the server what it would be at a start. */
  readonly why?: string;
}

const proxyHeaders = ['send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl', 'send-proxy-v2-ssl-cn'];
const says = (server: Server, ...keywords: string[]): boolean => keywords.some((word) => server.options.has(word));
/** Checks go where the traffic goes, in the same manner, unless they have an address or port of their own. */
const checksAsServed = (server: Server): boolean => says(server, 'check') && !says(server, 'port', 'addr');

const startOnly: readonly StartOnly[] = [
  {
    name: 'checks over TLS where the server speaks TLS',
    applies: (server) => checksAsServed(server) && says(server, 'ssl') && !says(server, 'check-ssl'),
    says: { 'check-ssl': [] },
  },
  {
    name: 'checks with a PROXY header where the server gets one',
    applies: (server) => checksAsServed(server) && says(server, ...proxyHeaders) && !says(server, 'check-send-proxy'),
    says: { 'check-send-proxy': [] },
  },
  {
    name: 'checks with a PROXY header where only its options are given',
    applies: (server) => checksAsServed(server) && says(server, 'proxy-v2-options') && !says(server, ...proxyHeaders),
    why: 'its checks send a PROXY header at a start only',
  },
  { name: 'reuse of connections', applies: () => true, says: { 'pool-max-conn': ['-1'] } },
  { name: 'the end of idle connections', applies: () => true, says: { 'pool-purge-delay': ['5s'] } },
  {
    // The first error would count as too many.
    name: 'how many errors are too many',
    applies: (server) => says(server, 'observe'),
    says: { 'error-limit': ['10'] },
  },
  {
    name: 'what follows from errors',
    applies: (server) => says(server, 'observe'),
    says: { 'on-error': ['fail-check'] },
  },
  {
    name: 'an agent that has not failed',
    applies: (server) => says(server, 'agent-check'),
    why: 'a server with an agent-check that is added at runtime starts as failed, and may stay without weight',
  },
  {
    name: 'rights for the address it connects from',
    applies: (server) => (server.options.get('source')?.length ?? 0) > 1,
    why: 'HAProxy prepares "usesrc" and "interface" only at its start',
  },
];

/** The options of the file and what HAProxy derives from them at a start. */
export function optionsAtStart(server: Server): ReadonlyMap<string, readonly string[]> {
  const options = new Map(server.options);
  for (const row of startOnly) {
    if (!row.applies(server)) continue;
    for (const [keyword, args] of Object.entries(row.says ?? {})) if (!options.has(keyword)) options.set(keyword, args);
  }
  return options;
}

export const startOnlyFault = (server: Server): string | undefined =>
  startOnly.find((row) => row.why !== undefined && row.applies(server))?.why;

/** Keywords that decide how servers are added: one that the environment fills in may say anything. */
const deciding = /^(?:option|mode|balance|hash-type|cookie|stick|external-check|email-alert|default-server|no)$/;

/** Why no server can be added to a backend, by lines that are prepared for each server at a start. */
export function preparedAtStart(section: Section, defaults: readonly Section[]): string | undefined {
  for (const { keyword, opaque, words } of [section, ...defaults].flatMap(({ rules }) => rules)) {
    if (!deciding.test(keyword)) continue;
    if (opaque) return `what "${keyword}" says here comes from the environment of the HAProxy process`;
    if (words.some(({ text }) => text === 'external-check'))
      return 'external checks are only prepared at a start; HAProxy may crash when a server gets one later';
  }
  return undefined;
}
