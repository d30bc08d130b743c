import { describe, expect, it } from 'vitest';
import { isAccepted, openedTransaction } from '../../src/runtime/answers.ts';
import { parseCertificate, parseCertificateNames, parseCrtListState } from '../../src/runtime/certificate-state.ts';
import { parseAclState, parseMapState } from '../../src/runtime/map-state.ts';
import { readProcessInfo } from '../../src/runtime/process-info.ts';
import { parseServerConnections, parseServerSessions, parseServersState } from '../../src/runtime/server-state.ts';
import type { RuntimeSocket } from '../../src/runtime/socket.ts';

const unknown = expect.objectContaining({ code: 'haproxy-answer' });

describe('show servers state', () => {
  // Recorded on 2.6.12.
  const head =
    '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

  it('tells address, weight, what was set by hand, and whether an agent may change it', () => {
    const rows = [
      '3 web 1 first 127.0.0.1 2 0 1 1 1 1 0 2 0 0 0 0 - 1001 - 0 0 - - 0',
      '3 web 2 agent 127.0.0.1 2 0 7 1 1 1 0 2 0 22 0 0 - 1002 - 0 0 - - 9',
      '3 web 3 maint ::1 0 5 1 1 1 1 0 2 0 0 0 0 - 5 - 0 0 - - 0',
      '3 web 4 drain 127.0.0.1 2 8 1 1 1 1 0 2 6 0 0 0 - 5 - 0 0 - - 0',
      '3 web 5 tracking 127.0.0.1 0 2 1 1 1 1 0 2 0 0 0 0 - 5 - 0 0 - - 0',
    ];
    const states = parseServersState([head, ...rows, ''].join('\n'));
    expect(states.map(({ name, address, port, weight, admin, agent }) => [name, address, port, weight, admin, agent])) //
      .toEqual([
        ['first', '127.0.0.1', 1001, 1, 'ready', false],
        ['agent', '127.0.0.1', 1002, 7, 'ready', true],
        ['maint', '::1', 5, 1, 'maint', false],
        ['drain', '127.0.0.1', 5, 1, 'drain', false],
        ['tracking', '127.0.0.1', 5, 1, 'ready', false],
      ]);
    expect(parseServersState(head)).toEqual([]);
  });

  it.each(["Can't find backend.", '', '2\n# be_id\n', head.replace('srv_uweight', 'srv_weight')])(
    'does not guess at %j',
    (answer) => {
      expect(() => parseServersState(answer)).toThrow(unknown);
    },
  );
});

describe('show servers conn', () => {
  it('tells the connections in use', () => {
    const answer =
      '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[2]\nweb/first 3/1 1:2:3:4:5:6:7:8 1001 - 5000 0 0 0 0 0 -1 0 0 0\nweb/sa 3/2 127.0.0.1 1002 - 5000 4 5 1 0 0 -1 0 0 0\n';
    const { id, used } = parseServerConnections(answer);
    expect([id, ...used]).toEqual([3, ['first', 0], ['sa', 4]]);
    const [header = ''] = answer.split('\n');
    expect(parseServerConnections(header)).toEqual({ id: undefined, used: new Map() });
    expect(() => parseServerConnections("Can't find backend.")).toThrow(unknown);
  });
});

describe('show stat', () => {
  it('tells the sessions that run on a server or wait for it', () => {
    const answer = '# pxname,svname,qcur,qmax,scur,smax,\nweb,one,0,0,4,5,\nweb,two,2,3,1,1,\n';
    expect([...parseServerSessions(answer)]).toEqual([
      ['one', 4],
      ['two', 3],
    ]);
    expect(() => parseServerSessions('No such proxy.')).toThrow(unknown);
  });
});

describe('show ssl', () => {
  it('names the certificates, without those of an open transaction', () => {
    expect(parseCertificateNames('# transaction\n*/x/b.pem\n\n# filename\n/x/a.pem\n/x/b c.pem')).toEqual([
      '/x/a.pem',
      '/x/b c.pem',
    ]);
    expect(parseCertificateNames('')).toEqual([]);
    expect(() => parseCertificateNames('Unknown command')).toThrow(unknown);
  });

  it('tells which one it is, or that there is none', () => {
    const sha1 = '00112233445566778899AABBCCDDEEFF00112233';
    const dates = 'notBefore: Nov  6 16:53:24 2026 GMT\nnotAfter: Dec 26 16:53:24 2026 GMT';
    const head = `Filename: /x/a.pem\nStatus: Used\nSerial: 01\n${dates}\nSubject Alternative Name: \nAlgorithm: `;
    const issue = '01 Nov  6 16:53:24 2026 GMT Dec 26 16:53:24 2026 GMT';
    const used = true;
    const full = `${head}EC256\nSHA1 FingerPrint: ${sha1}\nSubject: /CN=a`;
    expect(parseCertificate(full)).toEqual({ fingerprint: sha1, issue, used });
    // Of an Ed25519 key, as recorded from 2.6, 3.0 and 3.4.
    expect(parseCertificate(`${head}OCSP Response Key: \n`)).toEqual({ fingerprint: undefined, issue, used });
    expect(
      parseCertificate("Can't display the certificate: Not found or the certificate is a bundle!"),
    ).toBeUndefined();
    expect(() => parseCertificate('Filename: /x/a.pem\nStatus: Empty')).toThrow(unknown);
  });

  it('names the members of a list, with or without filters', () => {
    expect(parseCrtListState('# /x/list\n/x/a.pem:1\n/x/b.pem:2 [alpn h2] b.test\n')).toEqual(['/x/a.pem', '/x/b.pem']);
    expect(parseCrtListState("didn't find the specified filename")).toEqual([]);
    expect(() => parseCrtListState('Unknown command')).toThrow(unknown);
  });
});

describe('show map, show acl', () => {
  it('keeps blanks inside of values and patterns', () => {
    expect(parseMapState('0x55d0 one b0\n0x55d1 two b 2\n')).toEqual([
      { key: 'one', value: 'b0' },
      { key: 'two', value: 'b 2' },
    ]);
    expect(parseAclState('0x55d0 /y z')).toEqual(['/y z']);
    expect(() => parseMapState('Unknown map identifier. Please use #<id> or <file>.')).toThrow(unknown);
  });
});

describe('show info', () => {
  const answering = (text: string): RuntimeSocket => ({
    where: 'a test',
    ask: () => Promise.resolve(text),
    askAll: () => Promise.resolve([text]),
  });

  it('tells which process answers', async () => {
    const text = 'Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 14561\nUptime: 0d 0h00m01s\nUptime_sec: 1';
    expect(await readProcessInfo(answering(text))).toEqual({ version: '2.6.12-1+deb12u4', pid: 14_561, uptimeSec: 1 });
    await expect(readProcessInfo(answering('Permission denied'))).rejects.toThrow(unknown);
  });
});

describe('answers to commands', () => {
  it.each([
    ['add server web/a 1.1.1.1:80', 'New server registered.'],
    ['del server web/a', 'Server deleted.'],
    ['set server web/a state ready', ''],
    ['set server web/a weight 3', ''],
    [
      'set server web/a addr 1.1.1.1 port 80',
      "no need to change the addr, no need to change the port by 'stats socket command'",
    ],
    [
      'set server web/a addr 1.1.1.1 port 80',
      "IP changed from '127.0.0.1' to '1.1.1.1', port changed from '1' to '80' by 'stats socket command'",
    ],
    // Since 3.0.
    ['set server web/a addr 1.1.1.1 port 80', "IP changed from '127.0.0.1' to '1.1.1.1' by 'stats socket command'"],
    ['set server web/a addr 1.1.1.1 port 80', "port changed from '1' to '80' by 'stats socket command'"],
    ['set server web/a addr 1.1.1.1 port 80', 'nothing changed'],
    ['enable dynamic-cookie backend web', ''],
    ['new ssl cert /x/a.pem', "New empty certificate store '/x/a.pem'!"],
    ['commit ssl cert /x/a.pem', 'Committing /x/a.pem..\nSuccess!'],
    ['del ssl cert /x/a.pem', "Certificate '/x/a.pem' deleted!"],
    ['add ssl crt-list /x/list /x/a.pem', "Inserting certificate '/x/a.pem' in crt-list '/x/list'.\nSuccess!"],
    ['del ssl crt-list /x/list /x/a.pem', "Entry '/x/a.pem' deleted in crtlist '/x/list'!"],
    ['prepare map /x/m', 'New version created: 3'],
    ['commit map @3 /x/m', ''],
  ])('takes %s: %j', (command, answer) => {
    expect(isAccepted(command, answer)).toBe(true);
  });

  it.each([
    ['add server web/a 1.1.1.1:80', 'Already exists a server with the same name in backend.'],
    ['add server web/a 1.1.1.1:80', ''],
    ['set server web/a state ready', 'No such server.'],
    ['set server web/a state ready', 'Permission denied'],
    ['set server web/a addr 1.1.1.1 port 80', 'Invalid addr format by .'],
    ['commit ssl cert /x/a.pem', 'Committing /x/a.pem.\nFailed!'],
    ['prepare map /x/m', 'Unknown map identifier. Please use #<id> or <file>.'],
    ['show info', 'Name: HAProxy'],
  ])('takes no other: %s: %j', (command, answer) => {
    expect(isAccepted(command, answer)).toBe(false);
  });

  it('tells whose transaction a certificate went into', () => {
    expect(openedTransaction('Transaction created for certificate /x/a.pem!')).toEqual({
      kind: 'created',
      certificate: '/x/a.pem',
    });
    expect(openedTransaction('Transaction updated for certificate /x/b.pem!')?.kind).toBe('updated');
    expect(openedTransaction('unable to load certificate')).toBeUndefined();
  });
});
