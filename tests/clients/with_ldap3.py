"""Python's ldap3 (PyPI): reads the schema, searches, pages, compares, is refused; then asks a thousand things
that nobody should ask, and looks for the patients of the house in whatever comes back."""

import os
import random
import ssl

from ldap3 import (
    ALL, ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES, BASE, LEVEL, SUBTREE, Connection, Server, Tls,
)
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.utils.conv import escape_filter_chars
from pyasn1.error import PyAsn1Error

ROOT = "ou=bal,o=mssante,c=fr"
LOGIN, PASSWORD = os.environ["LOGIN"], os.environ["PASSWORD"]
HOSTILE = int(os.environ["HOSTILE"])

tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=os.environ["ROOT"])
server = Server("localhost", port=int(os.environ["PORT"]), tls=tls, get_info=ALL)

# StartTLS, then a bind by the name of an entry.
connection = Connection(server, f"mail={LOGIN},{ROOT}", PASSWORD)
connection.open()
assert connection.start_tls(), connection.result
assert connection.bind(), connection.result
assert connection.extend.standard.who_am_i() == f"dn:mail={LOGIN},{ROOT}"
assert server.info.naming_contexts == [ROOT], server.info.naming_contexts

# The schema is one that another program can read, and it knows what entries hold.
schema = server.schema
for name in ("cn", "mail", "pliRpps", "pliMailboxKind", "modifyTimestamp"):
    assert name in schema.attribute_types, name
for name in ("inetOrgPerson", "organizationalRole", "pliMailbox"):
    assert name in schema.object_classes, name
assert schema.attribute_types["pliRpps"].oid.startswith("2.25.")
connection.search(ROOT, f"(mail={LOGIN})", attributes=[ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES])
(entry,) = connection.entries
for name in entry.entry_attributes:
    assert name in schema.attribute_types, f"{name} is not in the schema"
classes = {name.lower() for name in entry.objectClass.values}
must = {name for one in classes for name in (schema.object_classes[one].must_contain or [])}
assert must <= set(entry.entry_attributes), must

# Everybody by pages, each once, and the same when sorted by hand.
found = list(connection.extend.standard.paged_search(
    ROOT, "(mail=*)", SUBTREE, attributes=["mail"], paged_size=2, generator=True))
names = [one["dn"] for one in found]
assert len(names) == len(set(names)) > 4, names
connection.search(ROOT, "(mail=*)", SUBTREE, attributes=["mail"], size_limit=3)
assert connection.result["description"] == "sizeLimitExceeded" and len(connection.entries) == 3
connection.search(ROOT, "(objectClass=*)", BASE)
assert len(connection.entries) == 1
connection.search(f"ou=structures,{ROOT}", "(objectClass=organization)", LEVEL, attributes=["o"])
assert "Hôpital Saint-Roch" in [value for one in connection.entries for value in one.o.values]

# Forgiving: accents, order, a typing error. `anr` is no attribute of the schema, and the program would not send it.
connection.check_names = False
for words in ("(cn=lenoir marie)", "(sn~=lenior)", "(anr=marie lenoir)", "(cn:caseIgnoreMatch:=MARIE LENOIR)"):
    connection.search(ROOT, words, attributes=["mail"])
    assert LOGIN in [value for one in connection.entries for value in one.mail.values], words

assert connection.compare(f"mail={LOGIN},{ROOT}", "sn", "LENOIR")
assert not connection.compare(f"mail={LOGIN},{ROOT}", "sn", "Martin")
connection.modify(f"mail={LOGIN},{ROOT}", {"sn": [("MODIFY_REPLACE", ["Martin"])]})
assert connection.result["description"] == "unwillingToPerform"
connection.delete(f"mail={LOGIN},{ROOT}")
assert connection.result["description"] == "unwillingToPerform"

# Octets that are no text are an error of this one question.
connection.search(ROOT, "(cn=\\ff\\fe)")
assert connection.result["description"] == "invalidAttributeSyntax", connection.result
connection.search(ROOT, f"(mail={LOGIN})")
assert len(connection.entries) == 1

# A thousand hostile searches, as a program sends them that looks at nothing. Nobody of the patients' room may be found
# by any of them.
connection.unbind()
connection = Connection(server, LOGIN, PASSWORD, check_names=False)
connection.open()
assert connection.start_tls() and connection.bind(), connection.result
chance = random.Random(20261122)
canaries = os.environ["CANARIES"].split(",")
attributes = ["cn", "sn", "mail", "uid", "givenName", "anr", "objectClass", "description", "o", "displayName",
              "pliNationalId", "entryUUID", "patient", "ins", "userPassword", "1.2.250.1.213.1.4.8"]
bases = [ROOT, "", f"ou=structures,{ROOT}", f"ou=patients,{ROOT}", "ou=patients,o=mssante,c=fr", "cn=subschema", "c=fr"]
hostile = ["*)(uid=*", "*)(|(mail=*", "\x00", ")(objectClass=*", "' OR 1=1 --", "%", "_", "\\", "*", "é" * 300, "{{7*7}}",
           "\x00*", "a" * 1000, "$(id)", "../..", "NEAR(", "\u202e", "\r\n", "(&)", "%u"]
replies = 0
while replies < HOSTILE:
    canary = chance.choice(canaries)
    value = escape_filter_chars(chance.choice([canary, canary[:4], canary.upper(), chance.choice(hostile)]))
    name, other = chance.choice(attributes), chance.choice(attributes)
    item = chance.choice([f"({name}={value})", f"({name}=*{value}*)", f"({name}={value}*)", f"({name}~={value})",
                          f"({name}>={value})", f"({name}<={value})", f"({name}:dn:={value})",
                          f"({name}:caseIgnoreMatch:={value})", f"(!({name}={value}))", f"({name}=*)"])
    question = chance.choice([item, f"(|{item}({other}={value}))", f"(&(objectClass=*){item})", f"(!(!{item}))",
                              "(!" * 30 + item + ")" * 30])
    base = chance.choice(bases)
    try:
        connection.search(base, question, chance.choice([BASE, LEVEL, SUBTREE]),
                          attributes=[ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES])
    except (LDAPExceptionError, PyAsn1Error) as error:
        # The program itself refuses to send it: nothing was asked. A connection that was lost is ours.
        assert not connection.closed, (question, error)
        continue
    replies += 1
    told = " ".join(f"{one['dn']} {one.get('raw_attributes')}" for one in connection.response or []).lower()
    for canary in canaries:
        assert canary.lower() not in told, (canary, question)
connection.unbind()
print(f"{replies} hostile searches answered, nobody found")
