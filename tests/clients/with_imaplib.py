"""Python's imaplib, as scripts of a practice use it. Ends with 0 when everything was as it should be."""
import email
import imaplib
import os
import ssl
from email import policy

client = imaplib.IMAP4_SSL(
    'localhost', int(os.environ['PORT']), ssl_context=ssl.create_default_context(cafile=os.environ['ROOT']))


def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]


login = os.environ['LOGIN']
client.authenticate('PLAIN', lambda _: f"\0{login}\0{os.environ['PASSWORD']}".encode())
ok(client.enable('UTF8=ACCEPT') if 'UTF8=ACCEPT' in client.capabilities else client.noop())
ok(client.namespace())
assert any(b'Suivi' in line for line in ok(client.list()))
ok(client.lsub())
assert ok(client.select('INBOX')) == [b'4']
assert ok(client.search(None, 'SUBJECT', '"letter 2"')) == [b'2']
assert ok(client.uid('SEARCH', 'UNSEEN', 'SINCE', '1-Jan-2020')) == [b'1 2 3 4']
for item in ('ENVELOPE', 'BODYSTRUCTURE', 'ALL', 'FULL', '(UID RFC822.SIZE INTERNALDATE)', '(BODY.PEEK[1])'):
    assert len([one for one in ok(client.fetch('1:4', item)) if one != b')']) == 4, item
letter = email.message_from_bytes(ok(client.fetch('1', '(BODY.PEEK[])'))[0][1], policy=policy.default)
assert letter.get_content().strip() == 'Body 1.', letter.get_content()
ok(client.store('1', '+FLAGS', '(\\Seen $Urgent)'))
assert ok(client.search(None, 'KEYWORD', '$Urgent')) == [b'1']
ok(client.status('INBOX', '(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)'))
ok(client.create('Neuf'))
ok(client.subscribe('Neuf'))
ok(client.copy('1:2', 'Neuf'))
draft = b'Subject: brouillon\r\nMessage-ID: <brouillon@poste.example>\r\n\r\ncorps\r\n'
ok(client.append('Neuf', '(\\Draft)', '"03-Feb-2026 04:05:06 +0000"', draft))
ok(client.store('2', '+FLAGS', '(\\Deleted)'))
assert ok(client.expunge()) == [b'2']
ok(client.noop())
assert ok(client.search(None, 'ALL')) == [b'1 2 3']
assert ok(client.select('Neuf', readonly=True)) == [b'3']
assert b'03-Feb-2026' in ok(client.fetch('3', '(INTERNALDATE)'))[0].replace(b' 3-Feb', b'03-Feb')
ok(client.unselect())
ok(client.rename('Neuf', 'Vieux'))
ok(client.delete('Vieux'))
for refused in (lambda: client.select('"Nulle part"'), lambda: client.create('INBOX'), lambda: client.delete('INBOX')):
    assert refused()[0] == 'NO'
client.logout()
