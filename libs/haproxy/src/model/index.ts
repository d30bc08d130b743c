export { parseConfig, type ConfigModel } from './config.ts';
export { Section, type SectionKind } from './section.ts';
export type { SplitLine, Word } from './words.ts';
export { parseServerAddress, type Server, type ServerAddress } from './server.ts';
export type { FileUse } from './file-use.ts';
export type { HaproxyVersion } from './version.ts';
