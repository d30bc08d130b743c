export { parseConfig, printConfig, lineNumberOf, type ConfigModel } from './config.ts';
export { Section, type SectionKind } from './section.ts';
export { Line } from './line.ts';
export { splitWords, type SplitLine, type Word } from './words.ts';
export { defaultsOf, serversOf } from './proxy.ts';
export { parseServerAddress, type Server, type ServerAddress } from './server.ts';
export { fileUses, type FileUse } from './file-use.ts';
export { parseVersion, type HaproxyVersion } from './version.ts';
