// Makes sure that Node, the npm packages and the Debian packages are there. Safe to repeat; quick when nothing is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const leastNode = [20, 19];

/** Debian packages, and how to see that each is there. */
const debian = {
  'etcd-server': () => onPath('etcd'),
  'redis-server': () => onPath('redis-server'),
  haproxy: () => onPath('haproxy'),
  'python3-jinja2': () => spawnSync('/usr/bin/python3', ['-c', 'import jinja2']).status === 0,
};

export const servers = ['etcd-server', 'redis-server', 'haproxy'];
export const oracle = ['python3-jinja2'];

const onPath = (name) => [...process.env.PATH.split(delimiter), '/usr/sbin', '/usr/bin'].some((folder) => existsSync(join(folder, name)));

/** Installs what is missing of the npm packages and the named Debian packages; ends the process when it cannot. */
export function install(packages) {
  checkNode();
  installNpmPackages();
  installDebianPackages(packages.filter((name) => !debian[name]()));
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])) return;
  stop(`Node ${process.versions.node} is too old: Flotilla needs ${leastNode.join('.')} or newer`);
}

function installNpmPackages() {
  if (packagesAreCurrent()) return;
  say('installing npm packages (npm ci)');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], 'npm ci');
}

/** npm writes down what it installed; every package of the lock file that is not optional must stand in it as locked. */
function packagesAreCurrent() {
  try {
    const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
    const [wanted, installed] = [read('package-lock.json'), read('node_modules/.package-lock.json')];
    return Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || !path.includes('node_modules/') || entry.link || installed[path]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

function installDebianPackages(missing) {
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) stop(`these Debian packages are missing: ${missing.join(', ')}\nRun as root, then try again:\n  ${command}`);
  if (!onPath('apt-get')) stop(`these programs are missing: ${missing.join(', ')}. Install them by your system's own means`);
  say(`installing Debian packages: ${missing.join(', ')}`);
  // Installing a server must not start it: the project's own servers run on free ports, for as long as they are needed.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], 'apt-get update', env);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], 'apt-get install', env);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function run(command, args, what, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return;
  stop(`${what} failed:\n${error?.message ?? `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n')}`);
}

const say = (text) => process.stderr.write(`flotilla: ${text}\n`);

function stop(text) {
  say(text);
  // A throw, not an exit: what was begun (the policy file) is put back on the way out.
  throw Object.assign(new Error(text), { shown: true });
}

process.on('uncaughtException', (error) => {
  if (!error.shown) console.error(error);
  process.exit(1);
});
