/** Major and minor of an HAProxy: what its manual is named after. */
export type HaproxyVersion = readonly [major: number, minor: number];

/** Reads "2.6.12-1+deb12u4" (`show info`, `haproxy -v`); undefined for anything else. */
export function parseVersion(text: string): HaproxyVersion | undefined {
  const match = /^(\d+)\.(\d+)(?:[.-]|$)/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

export const atLeast = (version: HaproxyVersion, least: HaproxyVersion): boolean =>
  version[0] > least[0] || (version[0] === least[0] && version[1] >= least[1]);
