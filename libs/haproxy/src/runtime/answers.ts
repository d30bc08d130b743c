/**
 * What HAProxy answers to a command that was carried out, word for word (seen on 2.6, 3.0 and
 * 3.4). Many commands answer nothing. Anything else counts as a failure: the caller reloads.
 */
const accepted: readonly (readonly [command: RegExp, answer: RegExp])[] = [
  [/^add server /, /^New server registered\.$/],
  [/^del server /, /^Server deleted\.$/],
  [
    /^set server \S+ addr /,
    // Since 3.0 only what changed is named.
    /^(?:(?:IP changed from '[^']*' to '[^']*'|no need to change the addr)(?:, (?:port changed from '[^']*' to '[^']*'|no need to change the port))?|port changed from '[^']*' to '[^']*') by 'stats socket command'$|^nothing changed$/,
  ],
  [/^set server \S+ (?:state|weight) /, /^$/],
  [/^(?:enable|disable) (?:health|agent) /, /^$/],
  [/^enable dynamic-cookie backend /, /^$/],
  [/^set maxconn server /, /^$/],
  [/^shutdown sessions server /, /^$/],
  [/^new ssl cert /, /^New empty certificate store '.*'!$/],
  [/^commit ssl cert /, /^Committing .*\n(?:.*\n)*Success!$/],
  [/^abort ssl cert /, /^Transaction aborted for certificate '.*'!$/],
  [/^del ssl cert /, /^Certificate '.*' deleted!$/],
  [/^add ssl crt-list /, /^Inserting certificate '.*' in crt-list '.*'\.*\n(?:.*\n)*Success!$/],
  [/^del ssl crt-list /, /^Entry '.*' deleted in crtlist '.*'!$/],
  [/^prepare (?:map|acl) /, /^New version created: \d+$/],
  [/^(?:add|set|del|commit|clear) (?:map|acl) /, /^$/],
];

/** Whether the answer says that the command was carried out. */
export function isAccepted(command: string, answer: string): boolean {
  const rule = accepted.find(([pattern]) => pattern.test(command));
  return rule !== undefined && rule[1].test(answer);
}

/** The transaction an answer to `set ssl cert` speaks of: one is open at a time, for whichever certificate came first. */
export function openedTransaction(
  answer: string,
): { readonly kind: 'created' | 'updated'; readonly certificate: string } | undefined {
  const match = /^Transaction (created|updated) for certificate (.*)!$/.exec(answer);
  return match ? { kind: match[1] === 'created' ? 'created' : 'updated', certificate: match[2] ?? '' } : undefined;
}
