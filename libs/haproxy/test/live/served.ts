import { connect } from 'node:tls';

/** SHA-1 fingerprint of what a TLS port serves for a name. */
export function servedFingerprint(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, timeout: 5_000 }, () => {
      const { fingerprint } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint.replaceAll(':', ''));
    });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error(`no TLS answer on port ${port}`)));
  });
}
