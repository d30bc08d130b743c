/** One line of a crt-list (configuration manual, 5.1 "crt-list"): `<crtfile> [\[options\]] [[!]<snifilter> ...]`. */
export interface CrtListEntry {
  /** As written in the list. */
  readonly certificate: string;
  /** The whole line, blanks evened out. */
  readonly text: string;
  /** It has options or filters. */
  readonly plain: boolean;
  /** In the list's file, from 1. */
  readonly line: number;
}

export function parseCrtList(text: string): CrtListEntry[] {
  return text.split('\n').flatMap((line, at) => {
    const words = line.trim().split(/\s+/);
    const certificate = words[0] ?? '';
    if (certificate === '' || certificate.startsWith('#')) return [];
    return [{ certificate, text: words.join(' '), plain: words.length === 1, line: at + 1 }];
  });
}
