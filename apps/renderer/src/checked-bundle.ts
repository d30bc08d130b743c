import { type BundleFile, layout } from '@flotilla/domain';
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
  /** Models by the Buffer they were read from, so that a text is read once, and then only where it changed. */
  readonly #models = new WeakMap<Buffer, ConfigModel>();
  #latest: ConfigModel | undefined;
  #isTrusted = true;

  /** By identity: a file that did not change keeps its Buffer. */
  isSame(files: readonly BundleFile[]): boolean {
    return sameFiles(files, this.#files);
  }

  vouchesFor(files: readonly BundleFile[]): boolean {
    if (!this.#isTrusted || files.length !== this.#files.length) return false;
    const before = this.#files.find(isConfig)?.content;
    const after = files.find(isConfig)?.content;
    if (!before || !after || !sameFiles(files.filter(isOther), this.#files.filter(isOther))) return false;
    return !needsCheck(this.#modelOf(before), this.#modelOf(after));
  }

  /** A file of the bundle that HAProxy took last. */
  contentOf(path: string): Buffer | undefined {
    return this.#files.find((file) => file.path === path)?.content;
  }

  /** HAProxy took this bundle. */
  take(files: readonly BundleFile[]): void {
    this.#files = files;
    this.#isTrusted = true;
  }

  /** HAProxy refused what was vouched for: until it takes a bundle again, every one is checked first. */
  distrust(): void {
    this.#isTrusted = false;
  }

  #modelOf(content: Buffer): ConfigModel {
    const known = this.#models.get(content);
    const model = known ?? parseConfig(content.toString(), this.#latest);
    if (!known) this.#models.set(content, model);
    this.#latest = model;
    return model;
  }
}

const isConfig = ({ path }: BundleFile): boolean => path === layout.config;
const isOther = (file: BundleFile): boolean => !isConfig(file);

const sameFiles = (a: readonly BundleFile[], b: readonly BundleFile[]): boolean =>
  a.length === b.length && a.every(({ path, content }, at) => b[at]?.path === path && b[at]?.content === content);
