import type { Parser } from './parser.ts';
import * as composition from './composition.ts';
import * as control from './control.ts';
import * as definitions from './definitions.ts';
import type { Place, Statement } from './nodes.ts';
import { parseTranslation } from './translation.ts';

/** Parses one tag; its name is already read. */
export type TagParser = (parser: Parser, place: Place) => Statement | readonly Statement[];

export const statementTags: ReadonlyMap<string, TagParser> = new Map<string, TagParser>([
  ['for', control.parseFor],
  ['if', control.parseIf],
  ['with', control.parseWith],
  ['autoescape', control.parseAutoescape],
  ['print', control.parsePrint],
  ['set', definitions.parseSet],
  ['macro', definitions.parseMacro],
  ['call', definitions.parseCallBlock],
  ['filter', definitions.parseFilterBlock],
  ['block', composition.parseBlock],
  ['extends', composition.parseExtends],
  ['include', composition.parseInclude],
  ['import', composition.parseImport],
  ['from', composition.parseFromImport],
]);

export type ExtensionName = 'do' | 'loopcontrols' | 'i18n' | 'debug';

interface ExtensionTag {
  readonly extension: ExtensionName;
  readonly parse: TagParser;
}

export const extensionTags: ReadonlyMap<string, ExtensionTag> = new Map<string, ExtensionTag>([
  ['do', { extension: 'do', parse: control.parseDo }],
  ['break', { extension: 'loopcontrols', parse: (_parser, place) => ({ kind: 'break', ...place }) }],
  ['continue', { extension: 'loopcontrols', parse: (_parser, place) => ({ kind: 'continue', ...place }) }],
  ['debug', { extension: 'debug', parse: (_parser, place) => ({ kind: 'debug', ...place }) }],
  ['trans', { extension: 'i18n', parse: parseTranslation }],
]);
