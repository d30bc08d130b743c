import { serverKeywords } from '../model/server-keywords.ts';
import { optionsSignature, weightOf, type Server } from '../model/server.ts';
import type { Balance } from '../model/proxy.ts';
import type { Capabilities } from './capabilities.ts';
import { fitsCommandLine } from './cli-text.ts';
import type { AddServer, LeavingServer } from './operation.ts';
import { optionsAtStart, startOnlyFault } from './start-only.ts';

export type Dynamic =
  | {
      readonly kind: 'possible';
      readonly operation: Omit<AddServer, 'dynamicCookie'>;
      /** It serves, but not as a server of the file would: why a reload should follow. */
      readonly flaw: string | undefined;
    }
  | { readonly kind: 'impossible'; readonly why: string };

/** HAProxy takes 64 words a command (MAX_CLI_ARGS); `add server name address` are three, and something is kept free. */
const maxWords = 56;
const namePattern = /^[A-Za-z0-9_.:-]+$/;
/**
 * How a server of the file is added at runtime (management guide, "add server").
 *
 * Nothing is inherited from `default-server` and derived as at a start, so all of it is spelt out. Hashing (balance random as well) places a
 * server by its id, which `add server` assigns too late: servers added with a weight share one place and get one share
 * of the traffic together. Added with weight 0 they have no place yet; the weight set afterwards gives each its own.
 */
export function dynamicServer(server: Server, backend: string, balance: Balance, can: Capabilities): Dynamic {
  const impossible = (why: string): Dynamic => ({ kind: 'impossible', why });
  if (!can.addServer) return impossible(`HAProxy ${can.version} adds no servers at runtime`);
  if (balance.kind === 'static') return impossible(balance.why);
  if (server.unreadable !== undefined) return impossible(server.unreadable);
  if (!server.address)
    return impossible(`the address "${server.addressText}" is no literal address with a port: HAProxy must resolve it`);
  if (!namePattern.test(server.name)) return impossible(`"${server.name}" is no server name`);
  const fault = startOnlyFault(server);
  if (fault !== undefined) return impossible(fault);
  const weight = weightOf(server);
  if (!Number.isInteger(weight) || weight < 0 || weight > 256) return impossible('the weight is not 0 to 256');

  const words: string[] = [];
  for (const [keyword, args] of optionsAtStart(server)) {
    const rule = serverKeywords.get(keyword);
    if (rule?.meaningless || keyword === 'disabled' || keyword === 'weight') continue;
    if (!can.serverKeywords.has(keyword))
      return impossible(`HAProxy ${can.version} takes no "${keyword}" for a server added at runtime`);
    words.push(keyword, ...args);
  }
  if (words.length > maxWords) return impossible('it has more words than a command takes');
  const odd = words.find((word) => !fitsCommandLine(word));
  if (odd !== undefined) return impossible('a word of it has characters that a command cannot carry safely');
  return {
    kind: 'possible',
    operation: {
      kind: 'add-server',
      backend,
      server: server.name,
      address: server.address,
      words,
      weight,
      weightAfterwards: balance.hashed,
      check: server.options.has('check'),
      agentCheck: server.options.has('agent-check'),
      disabled: server.options.has('disabled'),
    },
    flaw: can.serverDefaults ? undefined : flawOf(server),
  };
}

/**
 * HTTP/2 and FastCGI count the requests of a connection against `max-reuse`, which is 0 for an added server and cannot
 * be given: every request gets a connection of its own (seen on 2.6).
 */
function flawOf({ options }: Server): string | undefined {
  const proto = options.get('proto')?.[0];
  const multiplexes = (proto !== undefined && proto !== 'h1') || /\bh2\b/.test(options.get('alpn')?.[0] ?? '');
  return multiplexes ? 'a server added at runtime gets a connection for each request here, until a reload' : undefined;
}

/** Options that can be changed at runtime, so they do not make another server of it. */
export const changeable = ['weight', 'maxconn', 'disabled'] as const;

export const leavingServer = (server: Server, backend: string): LeavingServer => ({
  backend,
  server: server.name,
  address: server.address,
  weight: weightOf(server),
  options: optionsSignature(server, ['weight', 'disabled']),
  agentCheck: server.options.has('agent-check'),
});
