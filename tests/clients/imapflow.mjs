// npm's imapflow, as practice software uses it: reads, marks, moves, files, waits in IDLE, and says what it
// would remember; told that, it comes back and asks for the rest. Ends with 0 when all was as it should be.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { ImapFlow } from 'imapflow';

const { ROOT, PORT, LOGIN, PASSWORD } = process.env;
const open = async () => {
  const client = new ImapFlow({
    host: 'localhost', port: Number(PORT), secure: true, tls: { ca: readFileSync(ROOT) },
    auth: { user: LOGIN, pass: PASSWORD }, logger: false, qresync: true, disableAutoIdle: true,
    clientInfo: { name: 'Logiciel du cabinet', version: '1' },
  });
  client.on('error', (error) => { throw error; });
  await client.connect();
  return client;
};
const all = async (fetching) => { const found = []; for await (const one of fetching) found.push(one); return found; };

const visit = async () => {
  const client = await open();
  for (const wanted of ['IDLE', 'MOVE', 'UIDPLUS', 'SPECIAL-USE', 'NAMESPACE', 'CONDSTORE', 'QRESYNC']) {
    assert(client.capabilities.has(wanted), `${wanted} is not offered`);
  }
  assert(client.enabled.has('QRESYNC'), 'QRESYNC is not enabled');

  const folders = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true } });
  const uses = new Map(folders.map((folder) => [folder.specialUse, folder.path]));
  for (const use of ['\\Inbox', '\\Sent', '\\Drafts', '\\Trash']) assert(uses.has(use), `no folder is ${use}`);

  const inbox = await client.mailboxOpen('INBOX');
  assert.equal(inbox.exists, 5);
  assert(inbox.highestModseq > 0n);
  const query = {
    uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true,
    headers: ['references', 'list-id'],
  };
  const letters = await all(client.fetch('1:*', query));
  assert.deepEqual(letters.map((letter) => letter.uid), [1, 2, 3, 4, 5]);
  assert.equal(letters[0].envelope.subject, 'letter 1');
  assert.equal(letters[4].bodyStructure.type, 'multipart/mixed');
  const source = (await client.fetchOne('2', { source: true }, { uid: true })).source.toString();
  assert(source.endsWith('\r\n\r\nBody 2.\r\n'), source);
  const { content } = await client.download('1', '1', { uid: true });
  assert.equal(Buffer.concat(await content.toArray()).toString().trim(), 'Body 1.');

  assert.deepEqual(await client.search({ subject: 'letter 3' }, { uid: true }), [3]);
  assert.deepEqual(await client.search({ seen: false, or: [{ from: 'a@cabinet' }, { body: 'nowhere' }] }, { uid: true }).then((found) => found.slice(0, 4)), [1, 2, 3, 4]);
  await client.messageFlagsAdd('1:2', ['\\Seen', '$Urgent'], { uid: true });
  await client.messageFlagsRemove('2', ['$Urgent'], { uid: true });
  assert.deepEqual(await client.search({ keyword: '$Urgent' }, { uid: true }), [1]);

  const { path } = await client.mailboxCreate(['Suivi', 'Été']);
  const copied = await client.messageCopy('1:2', path, { uid: true });
  assert.deepEqual([...copied.uidMap], [[1, 1], [2, 2]]);
  const moved = await client.messageMove('3', path, { uid: true });
  assert.deepEqual([...moved.uidMap], [[3, 3]]);
  const drafted = await client.append('Drafts', Buffer.from('Subject: brouillon\r\nMessage-ID: <brouillon@poste.example>\r\n\r\nÀ finir.\r\n'), ['\\Draft', '\\Seen'], new Date('2026-02-03T04:05:06Z'));
  assert.equal(drafted.uid, 1);
  const status = await client.status(path, { messages: true, uidNext: true, highestModseq: true });
  assert.deepEqual([status.messages, status.uidNext], [3, 4]);
  await client.mailboxRename(path, ['Suivi', 'Automne']);

  // It does not take what VANISHED from its count (RFC 7162 §3.2.10), so it looks again.
  await client.mailboxClose();
  await client.mailboxOpen('INBOX');
  // A letter comes while it waits.
  const came = once(client, 'exists');
  const waiting = client.idle();
  const [{ count, prevCount }] = await came;
  assert.deepEqual([count, prevCount], [5, 4]);
  await client.noop();
  await waiting;
  assert.equal((await client.fetchOne('*', { uid: true })).uid, 6);
  const { uidValidity, highestModseq } = client.mailbox;
  await client.logout();
  console.log(`${uidValidity} ${highestModseq}`);
};

const comeBack = async (remembered) => {
  const [uidValidity, highestModseq] = remembered.split(' ').map(BigInt);
  const again = await open();
  const gone = [];
  const flagged = [];
  again.on('expunge', (what) => gone.push(what));
  again.on('flags', (what) => flagged.push(what));
  const back = await again.mailboxOpen('INBOX', { changedSince: highestModseq, uidValidity });
  assert.equal(back.uidValidity, uidValidity);
  assert.deepEqual(gone.map((what) => [what.uid, what.vanished, what.earlier]), [[4, true, true]]);
  assert.deepEqual(flagged.map((what) => what.uid), [1]);
  for (const flag of ['$Urgent', '\\Flagged', '\\Seen']) assert(flagged[0].flags.has(flag), `no ${flag}`);
  const changed = await all(again.fetch('1:*', { uid: true, flags: true }, { uid: true, changedSince: highestModseq }));
  assert.deepEqual(changed.map((letter) => letter.uid), [1]);
  await again.messageDelete('6', { uid: true });
  assert.equal(gone.at(-1).uid, 6);
  await again.mailboxDelete(['Suivi', 'Automne']);
  await again.mailboxClose();
  await again.logout();
};

await (process.argv[2] ? comeBack(process.argv[2]) : visit());
