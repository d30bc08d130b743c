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

/** A file of a bundle as it lies in the folder. Only bytes that hold the token are touched: a file may have any encoding. */
export function placeFile(path: string, bytes: Buffer, folder: string): Buffer {
  if (!holdsToken(path) || !bytes.includes(releaseToken)) return bytes;
  return Buffer.from(placeRelease(bytes.toString('utf8'), folder));
}

/** The way back; the result is right only if its digest is. */
export function unplaceFile(path: string, bytes: Buffer, folder: string): Buffer {
  if (!holdsToken(path) || !bytes.includes(folder)) return bytes;
  return Buffer.from(bytes.toString('utf8').replaceAll(folder, releaseToken));
}
