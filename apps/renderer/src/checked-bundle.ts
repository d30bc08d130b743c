import { type BundleFile, type Digest, layout, sameFiles } from '@flotilla/domain';
import { type ConfigModel, needsCheck, parseConfig } from '@flotilla/haproxy';

/**
 * The bundle that HAProxy found good last, and what that says about the next one.
 *
 * It vouches for a bundle that differs in nothing but server lines, each of the shape of a line that was checked in the
 * same backend, every other file being the same: HAProxy cannot refuse it, `needsCheck` says why. Such a bundle may go
 * out before its check. It is always compared with what HAProxy itself has seen, never with one that was vouched for.
 */
export class CheckedBundle {
  #files: readonly BundleFile[] = [];
  /** What was read last, and of what HAProxy has checked: a text is read once, and then only where it changed. */
  #models = new Map<Digest, ConfigModel>();
  #latest: ConfigModel | undefined;
  #isTrusted = true;

  isSame(files: readonly BundleFile[]): boolean {
    return sameFiles(files, this.#files);
  }

  vouchesFor(files: readonly BundleFile[]): boolean {
    if (!this.#isTrusted || files.length !== this.#files.length) return false;
    const before = this.#files.find(isConfig);
    const after = files.find(isConfig);
    if (!before || !after || !sameFiles(files.filter(isOther), this.#files.filter(isOther))) return false;
    return !needsCheck(this.#modelOf(before), this.#modelOf(after));
  }

  /** A file of the bundle that HAProxy took last. */
  file(path: string): BundleFile | undefined {
    return this.#files.find((file) => file.path === path);
  }

  /** HAProxy took this bundle. */
  take(files: readonly BundleFile[]): void {
    this.#files = files;
    this.#isTrusted = true;
    const { digest } = files.find(isConfig) ?? {};
    const model = digest && this.#models.get(digest);
    this.#models = new Map(model ? [[digest, model]] : []);
  }

  /** HAProxy refused what was vouched for: until it takes a bundle again, every one is checked first. */
  distrust(): void {
    this.#isTrusted = false;
  }

  #modelOf({ digest, content }: BundleFile): ConfigModel {
    const model = this.#models.get(digest) ?? parseConfig(content.toString(), this.#latest);
    this.#models.set(digest, model);
    this.#latest = model;
    return model;
  }
}

const isConfig = ({ path }: BundleFile): boolean => path === layout.config;
const isOther = (file: BundleFile): boolean => !isConfig(file);
