import type { ConfigModel } from '../model/config.ts';

/** A bundle as it lies on disk: what a restart of HAProxy would read. */
export interface Release {
  /** The folder as the configuration's text spells it, for example `/var/lib/flotilla/current`; no slash at its end. */
  readonly root: string;
  readonly config: ConfigModel;
  /** All other files by their path inside the folder. */
  readonly files: ReadonlyMap<string, ReleaseFile>;
}

export interface ReleaseFile {
  readonly digest: string;
  /** The text, read when a plan or its execution needs it. */
  read(): string;
}
