import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { ownConfig } from '../../src/process/own-config.ts';

const own = (userConfig: string, version = '2.6.12-1+deb12u4') =>
  ownConfig({ statsSocket: '/run/x y/s.sock', release: "e'1:abc", userConfig: parseConfig(userConfig), version });

describe('ownConfig', () => {
  it('adds the socket, the identity and bounds on old workers', () => {
    expect(own('defaults\n  mode http\n')).toBe(`# Written by the Flotilla agent; loaded after haproxy.cfg.
global
  stats socket '/run/x y/s.sock' mode 600 level admin expose-fd listeners
  setenv FLOTILLA_RELEASE 'e'\\''1:abc'
  hard-stop-after 30m
  mworker-max-reloads 50
  close-spread-time 5s
`);
  });

  it('leaves alone what the user sets in a global section, and only there', () => {
    const text = own(
      'global\n  hard-stop-after 5s\ndefaults\n  close-spread-time 1s\nglobal\n  mworker-max-reloads 3 # few\n',
    );
    expect(text).not.toMatch(/hard-stop-after|mworker-max-reloads/);
    expect(text).toContain('close-spread-time 5s');
  });

  it('does not spread the closing of connections that close after their next request', () => {
    expect(own('defaults\n  option idle-close-on-response\n')).not.toContain('close-spread-time');
    expect(own('defaults\n  no option idle-close-on-response\n')).toContain('close-spread-time');
  });

  it('makes room on the stats sockets for its own connections beside what the user allows', () => {
    expect(own('global\n  stats maxconn 1\nglobal\n  stats maxconn 2\n')).toContain('\n  stats maxconn 6\n');
    expect(own('global\n  stats timeout 5s\ndefaults\n  maxconn 1\n')).not.toContain('stats maxconn');
    expect(own('global\n  stats maxconn "${PLACES}"\n')).not.toContain('stats maxconn');
  });

  it('leaves out what the version does not know', () => {
    expect(own('', '2.4.22')).not.toContain('close-spread-time');
    expect(own('', '2.4.22')).toContain('hard-stop-after');
    expect(own('', 'unknown')).not.toContain('hard-stop-after');
  });
});
