import type { ConfigModel } from './config.ts';
import type { Line } from './line.ts';
import type { Section } from './section.ts';

/**
 * A place in the configuration that loads a file, by the name HAProxy knows the file under: the path as it stands there,
 * behind `crt-base` where that applies (configuration manual, 3.1 "crt-base", 5.1 "crt", "crt-list").
 */
export interface FileUse {
  readonly kind: 'crt' | 'crt-list' | 'server-crt' | 'map' | 'acl' | 'other';
  readonly name: string;
  readonly section: Section;
  readonly line: Line;
  /** For `crt` and `crt-list` of a bind: nothing stands before it, so its first certificate is the bind's default. */
  readonly first: boolean;
  /** From the environment, so it may name any file; `certainly` where it stands for one or for several words. */
  readonly opaque?: 'perhaps' | 'certainly';
}

type RawUse = Omit<FileUse, 'section'>;

const useCache = new WeakMap<Section, readonly RawUse[]>();
const mapUse = /\b(?:http_)?map(?:_[a-z0-9_]+)?\(([^,)]+)/g;
const namesFile = /[/.]/;
/** Most server lines name none; the test saves splitting them. */
const serverNamesFile = /[/"'\\]|[ \t](?:crt|ca-file|crl-file)[ \t]/;
const prefixes = /^(?:opt|virt|file)@/;
/** Keywords whose argument is a file or a folder, whatever it looks like. */
const takesFile = /^[a-z-]*(?:file|dir|path|base|crt|load|list|store)[a-z-]*$|^-[fM]$/;
/** How many words behind a keyword name no file, whatever the environment makes of them. */
const wordsWithoutFiles: ReadonlyMap<string, number> = new Map([
  ['bind', 1],
  ['server', 2],
  ...['user', 'group', 'uid', 'gid', 'log', 'node', 'description', 'maxconn', 'nbthread', 'setenv', 'presetenv'].map(
    (keyword): [string, number] => [keyword, Infinity],
  ),
]);
/** In a name like this nothing is quoted or escaped once more. */
const plainName = /^[^\s"'\\]+$/;

/** Every use of a file. What a section says is found once; only `crt-base` is looked up anew. */
export function fileUses(model: ConfigModel): FileUse[] {
  const base = crtBase(model);
  return model.sections.flatMap((section) =>
    rawUses(section).map((use) => ({ ...use, section, name: behindBase(use, base) })),
  );
}

export function crtBase(model: ConfigModel): string | undefined {
  return setting(model, 'crt-base');
}

/** A setting of the `global` section, the last one said. */
export function setting(model: ConfigModel, keyword: string): string | undefined {
  let value: string | undefined;
  for (const section of model.sections) {
    if (section.kind !== 'global') continue;
    value = section.rules.findLast((line) => line.keyword === keyword)?.words[1]?.text ?? value;
  }
  return value;
}

export const underBase = (name: string, base: string | undefined): string =>
  base === undefined || name.startsWith('/') ? name : `${base}/${name}`;

const behindBase = (use: RawUse, base: string | undefined): string =>
  use.kind === 'crt' || use.kind === 'server-crt' ? underBase(use.name, base) : use.name;

function rawUses(section: Section): readonly RawUse[] {
  let uses = useCache.get(section);
  if (!uses) {
    uses = findUses(section);
    useCache.set(section, uses);
  }
  return uses;
}

function findUses(section: Section): RawUse[] {
  return section.lines.flatMap((line) =>
    line.isBlank || (line.isServer && !serverNamesFile.test(line.text)) ? [] : usesOfLine(line),
  );
}

function usesOfLine(line: Line): RawUse[] {
  const uses: RawUse[] = [];
  let certificates = 0;
  line.words.forEach(({ text, opaque }, at) => {
    const before = at > 0 ? (line.words[at - 1]?.text ?? '') : '';
    const add = (kind: FileUse['kind'], name: string, first = false) => uses.push({ kind, name, line, first });
    const namesOne = takesFile.test(before) || (at > 0 && takesFile.test(line.keyword));
    if (opaque) {
      if (at <= (wordsWithoutFiles.get(line.keyword) ?? 0) && !text.includes('[*]')) return undefined;
      const certain = namesOne || text.includes('[*]');
      return uses.push({ kind: 'other', name: text, line, first: false, opaque: certain ? 'certainly' : 'perhaps' });
    }
    if (line.keyword === 'bind' && (before === 'crt' || before === 'crt-list'))
      return add(before, text, certificates++ === 0);
    if ((line.isServer || line.keyword === 'default-server') && before === 'crt') return add('server-crt', text);
    const maps = [...text.matchAll(mapUse)].map(([, file = '']) => file.trim().replace(prefixes, ''));
    if (maps.length > 0 && maps.every((file) => plainName.test(file))) {
      maps.forEach((file) => add('map', file));
      // Anything else in the word that looks like a path stays a use of unknown kind.
      const rest = text.replaceAll(mapUse, '');
      if (/[/"'\\]/.test(rest)) add('other', rest);
    } else if (before === '-f' && isAcl(line)) add('acl', text.replace(prefixes, ''));
    else if (namesOne || namesFile.test(text)) add('other', text);
    return undefined;
  });
  return uses;
}

/** `acl x path -f file`, or an anonymous one: `if { path -f file }`. With `-M` the file is read as a map's. */
const isAcl = (line: Line): boolean =>
  !line.words.some((word) => word.text === '-M') &&
  (line.keyword === 'acl' || line.words.some((word) => word.text === '{'));
