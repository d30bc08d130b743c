// Makes sure that Node, the npm packages and the Debian packages are there. Safe to repeat; quick when nothing is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { environment, exclusively, isInterrupted, root, run } from './stages.mjs';

const leastNode = { major: 20, minor: 19 };

/**
 * Debian packages, and how to see that each is there.
 * @type {Record<string, () => boolean>}
 */
const debian = {
  'etcd-server': () => onPath('etcd'),
  'redis-server': () => onPath('redis-server'),
  haproxy: () => onPath('haproxy'),
  openssl: () => onPath('openssl'),
  // Boots the systemd units.
  'systemd-container': () => process.getuid?.() !== 0 || onPath('systemd-nspawn'),
  prometheus: () => onPath('prometheus') && onPath('promtool'),
  'python3-jinja2': () => spawnSync('/usr/bin/python3', ['-c', 'import jinja2']).status === 0,
};

export const servers = ['etcd-server', 'redis-server', 'haproxy', 'openssl'];
export const oracle = ['python3-jinja2'];
/** What tests try the deployment with. */
export const deployment = ['systemd-container', 'prometheus'];

/** @param {string} name */
const onPath = (name) => environment.PATH.split(delimiter).some((folder) => existsSync(join(folder, name)));

/**
 * Installs what is missing of the npm packages and the named Debian packages; ends the process when it cannot.
 * @param {string[]} packages
 */
export async function install(packages) {
  try {
    checkNode();
    // What only root can mend is told before anything takes its time.
    refuseUnlessInstallable(packages.filter((name) => !debian[name]?.()));
    await exclusively(async () => {
      await installNpmPackages();
      await installDebianPackages(packages.filter((name) => !debian[name]?.()));
    });
  } catch (error) {
    if (!(error instanceof CannotInstall)) throw error;
    say(isInterrupted() ? 'interrupted' : error.message);
    process.exit(1);
  }
}

class CannotInstall extends Error {}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > leastNode.major || (major === leastNode.major && minor >= leastNode.minor)) return;
  throw new CannotInstall(
    `Node ${process.versions.node} is too old: Flotilla needs ${leastNode.major}.${leastNode.minor} or newer`,
  );
}

async function installNpmPackages() {
  if (packagesAreCurrent()) return;
  say('installing npm packages (npm ci)');
  await execute('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
}

/** npm writes down what it installed, last of all; every package of the lock file that is not optional must stand in it as locked. */
function packagesAreCurrent() {
  try {
    /** @param {string} path @returns {Record<string, { version: string, optional?: boolean, link?: boolean }>} */
    const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
    const wanted = read('package-lock.json');
    const installed = read('node_modules/.package-lock.json');
    return Object.entries(wanted).every(
      ([path, entry]) =>
        path === '' ||
        entry.optional ||
        !path.includes('node_modules/') ||
        (existsSync(join(root, path)) && (entry.link || installed[path]?.version === entry.version)),
    );
  } catch {
    return false;
  }
}

/** @param {string[]} missing */
const installCommand = (missing) => `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;

/** @param {string[]} missing */
function refuseUnlessInstallable(missing) {
  if (missing.length === 0) return;
  if (!onPath('apt-get')) {
    throw new CannotInstall(
      `these Debian packages are missing: ${missing.join(', ')}. Install them by your system's own means`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new CannotInstall(
      `these Debian packages are missing: ${missing.join(', ')}\nRun as root, then try again:\n  ${installCommand(missing)}`,
    );
  }
}

/** @param {string[]} missing */
async function installDebianPackages(missing) {
  if (missing.length === 0) return;
  say(`installing Debian packages: ${missing.join(', ')}`);
  // Installing a server must not start it: the project's own servers run on free ports, for as long as they are needed.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    // Another apt may be at work on a machine that has just started.
    const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=120'];
    // One mirror that does not answer need not matter: the installation is what counts.
    const update = await execute('env', [...apt, 'update'], { mayFail: true });
    await execute('env', [...apt, 'install', '-y', '--no-install-recommends', ...missing], { before: update });
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

/**
 * Runs a program to its end and gives back what it printed; throws `CannotInstall` with its last words.
 * @param {string} program
 * @param {string[]} args
 */
async function execute(program, args, { mayFail = false, before = '' } = {}) {
  const { code, output } = await run(program, args, { quiet: true });
  if (isInterrupted()) throw new CannotInstall('interrupted');
  if (code === 0) return '';
  if (mayFail) return output;
  const words = `${before}${output}`.trim().split('\n').slice(-20).join('\n');
  throw new CannotInstall(`"${[program, ...args].join(' ')}" failed:\n${words}`);
}

/** @param {string} text */
const say = (text) => process.stderr.write(`flotilla: ${text}\n`);
