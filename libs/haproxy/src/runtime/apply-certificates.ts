import { addToList } from '../plan/commands.ts';
import { cliWord } from '../plan/cli-text.ts';
import type { AddCertificate, Operation, RemoveCertificate } from '../plan/operation.ts';
import { pemPayload } from '../plan/pem.ts';
import { isAccepted, openedTransaction } from './answers.ts';
import { Refused } from './failure.ts';
import type { RuntimeSocket } from './socket.ts';

/**
 * Replaces a certificate wherever it is used.
 *
 * HAProxy has one transaction for all certificates: while one is open, `set ssl cert` for another name goes into it
 * without a word, and the commit serves the wrong certificate. So the answer must name this certificate in a transaction
 * that was opened by this very command; one that somebody left open is thrown away first.
 */
export async function replaceCertificate(
  socket: RuntimeSocket,
  operation: Operation,
  name: string,
  pem: string,
): Promise<void> {
  const command = `set ssl cert ${cliWord(name)}`;
  const payload = pemPayload(pem);
  let answer = await socket.ask(command, payload);
  let opened = openedTransaction(answer);
  if (opened?.kind === 'updated') {
    await must(socket, operation, `abort ssl cert ${cliWord(opened.certificate)}`);
    answer = await socket.ask(command, payload);
    opened = openedTransaction(answer);
  }
  if (opened?.kind !== 'created' || opened.certificate !== name) {
    if (opened) await socket.ask(`abort ssl cert ${cliWord(opened.certificate)}`);
    throw new Refused(operation, command, answer);
  }
  const commit = `commit ssl cert ${cliWord(name)}`;
  const done = await socket.ask(commit);
  if (isAccepted(commit, done)) return;
  await socket.ask(`abort ssl cert ${cliWord(name)}`);
  throw new Refused(operation, commit, done);
}

export async function addCertificate(socket: RuntimeSocket, operation: AddCertificate, pem: string): Promise<void> {
  const { name, create, lists } = operation;
  if (create) {
    await must(socket, operation, `new ssl cert ${cliWord(name)}`);
    await replaceCertificate(socket, operation, name, pem);
  }
  for (const { list, entry } of lists) {
    const command = addToList(list, name, entry).replace(/ <<$/, '');
    const answer = await socket.ask(command, entry);
    if (!isAccepted(`${command} `, answer)) throw new Refused(operation, command, answer);
  }
}

export async function removeCertificate(socket: RuntimeSocket, operation: RemoveCertificate): Promise<void> {
  const name = cliWord(operation.name);
  for (const list of operation.lists) await must(socket, operation, `del ssl crt-list ${cliWord(list)} ${name}`);
  if (operation.forget) await must(socket, operation, `del ssl cert ${name}`);
}

async function must(socket: RuntimeSocket, operation: Operation, command: string): Promise<void> {
  const answer = await socket.ask(command);
  if (!isAccepted(command, answer)) throw new Refused(operation, command, answer);
}
