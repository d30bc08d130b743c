import type { HaproxyVersion } from './version.ts';

/**
 * How one keyword of a `server` line behaves (configuration manual, 5.2 "Server and default-server options").
 *
 * `args`: words after it; `source` may be followed by `usesrc` or `interface` and their argument.
 * `dynamic`: the version from which `add server` takes it (management guide, "add server").
 * `meaningless`: a literal address needs no resolver, so the keyword says nothing and is left out.
 * `clears`: it takes back another keyword that `default-server` may have set, and says nothing else.
 */
export interface ServerKeyword {
  readonly args: number | 'source';
  readonly dynamic?: HaproxyVersion;
  readonly meaningless?: true;
  readonly clears?: string;
}

const takes = (args: number | 'source', dynamic?: HaproxyVersion): ServerKeyword =>
  dynamic ? { args, dynamic } : { args };
const clears = (keyword: string): ServerKeyword => ({ args: 0, clears: keyword });
const resolving: ServerKeyword = { args: 1, meaningless: true };

const v24: HaproxyVersion = [2, 4];
const v25: HaproxyVersion = [2, 5];
const v26: HaproxyVersion = [2, 6];
const v30: HaproxyVersion = [3, 0];
const v31: HaproxyVersion = [3, 1];

/** A keyword that is not in this table forces a reload: it may be new, or take arguments nobody here knows of. */
export const serverKeywords: ReadonlyMap<string, ServerKeyword> = new Map<string, ServerKeyword>([
  // 2.4 knows servers without checks and without TLS.
  ['backup', takes(0, v24)],
  ['disabled', takes(0, v24)],
  ['id', takes(1, v24)],
  ['maxconn', takes(1, v24)],
  ['maxqueue', takes(1, v24)],
  ['minconn', takes(1, v24)],
  ['pool-low-conn', takes(1, v24)],
  ['pool-max-conn', takes(1, v24)],
  ['pool-purge-delay', takes(1, v24)],
  ['proto', takes(1, v24)],
  ['proxy-v2-options', takes(1, v24)],
  ['send-proxy', takes(0, v24)],
  ['send-proxy-v2', takes(0, v24)],
  ['source', takes('source', v24)],
  ['tfo', takes(0, v24)],
  ['weight', takes(1, v24)],
  // 2.5: health checks and agents (management guide 2.5, "add server").
  ['addr', takes(1, v25)],
  ['agent-addr', takes(1, v25)],
  ['agent-check', takes(0, v25)],
  ['agent-inter', takes(1, v25)],
  ['agent-port', takes(1, v25)],
  ['agent-send', takes(1, v25)],
  ['check', takes(0, v25)],
  ['check-alpn', takes(1, v25)],
  ['check-proto', takes(1, v25)],
  ['check-send-proxy', takes(0, v25)],
  ['check-sni', takes(1, v25)],
  ['check-ssl', takes(0, v25)],
  ['check-via-socks4', takes(0, v25)],
  ['downinter', takes(1, v25)],
  ['error-limit', takes(1, v25)],
  ['fall', takes(1, v25)],
  ['fastinter', takes(1, v25)],
  ['inter', takes(1, v25)],
  ['observe', takes(1, v25)],
  ['on-error', takes(1, v25)],
  ['on-marked-down', takes(1, v25)],
  ['on-marked-up', takes(1, v25)],
  ['port', takes(1, v25)],
  ['rise', takes(1, v25)],
  ['slowstart', takes(1, v25)],
  // 2.5: TLS.
  ['allow-0rtt', takes(0, v25)],
  ['alpn', takes(1, v25)],
  ['ca-file', takes(1, v25)],
  ['ciphers', takes(1, v25)],
  ['ciphersuites', takes(1, v25)],
  ['crl-file', takes(1, v25)],
  ['crt', takes(1, v25)],
  ['npn', takes(1, v25)],
  ['no-ssl-reuse', takes(0, v25)],
  ['no-tls-tickets', takes(0, v25)],
  ['send-proxy-v2-ssl', takes(0, v25)],
  ['send-proxy-v2-ssl-cn', takes(0, v25)],
  ['sni', takes(1, v25)],
  ['ssl', takes(0, v25)],
  ['ssl-max-ver', takes(1, v25)],
  ['ssl-min-ver', takes(1, v25)],
  ['verify', takes(1, v25)],
  ['verifyhost', takes(1, v25)],
  // 2.6 (management guide 2.6).
  ['ws', takes(1, v26)],
  // 3.0 and 3.1 (management guides 3.0, 3.1).
  ['cookie', takes(1, v30)],
  ['guid', takes(1, v30)],
  ['hash-key', takes(1, v30)],
  ['init-state', takes(1, v31)],
  // Never at runtime. `no-check-ssl` says more than that `check-ssl` is not said: checks of an `ssl` server go without.
  ['no-check-ssl', takes(0)],
  ['max-reuse', takes(1)],
  ['namespace', takes(1)],
  ['non-stick', takes(0)],
  ['redir', takes(1)],
  ['sigalgs', takes(1)],
  ['client-sigalgs', takes(1)],
  ['curves', takes(1)],
  ['socks4', takes(1)],
  // A dynamic server may only track one that stands in the file since the start; nobody can tell from the files alone.
  ['track', takes(1)],
  // Of servers whose name is resolved.
  ['init-addr', resolving],
  ['resolvers', resolving],
  ['resolve-net', resolving],
  ['resolve-opts', resolving],
  ['resolve-prefer', resolving],
  // The opposite of what default-server may say.
  ['enabled', clears('disabled')],
  ['no-agent-check', clears('agent-check')],
  ['no-backup', clears('backup')],
  ['no-check', clears('check')],
  ['no-check-send-proxy', clears('check-send-proxy')],
  ['no-send-proxy', clears('send-proxy')],
  ['no-send-proxy-v2', clears('send-proxy-v2')],
  ['no-send-proxy-v2-ssl', clears('send-proxy-v2-ssl')],
  ['no-send-proxy-v2-ssl-cn', clears('send-proxy-v2-ssl-cn')],
  ['no-ssl', clears('ssl')],
  ['no-tfo', clears('tfo')],
  ['no-verifyhost', clears('verifyhost')],
  ['ssl-reuse', clears('no-ssl-reuse')],
  ['stick', clears('non-stick')],
  ['tls-tickets', clears('no-tls-tickets')],
]);
