/**
 * What a bundle looks like, the same for renderer and agent.
 *
 * The folder of a release differs from node to node, so rendered text carries a token in its place; the agent
 * replaces it by its stable path (`<data dir>/current`), a check by the staged folder.
 */
export const releaseToken = '/@flotilla-release@';

export const layout = {
  config: 'haproxy.cfg',
  ssl: 'ssl',
  files: 'files',
  crtList: 'crt-list',
} as const;

/** Values of the template's path variables. */
export const templatePaths = {
  ssldir: `${releaseToken}/${layout.ssl}`,
  filesdir: `${releaseToken}/${layout.files}`,
  crtlist: `${releaseToken}/${layout.crtList}`,
} as const;

/** Only rendered text holds the token; PEM bundles are taken as they are. */
export const holdsToken = (path: string): boolean => !path.startsWith(`${layout.ssl}/`);

export const placeRelease = (text: string, folder: string): string => text.replaceAll(releaseToken, folder);
