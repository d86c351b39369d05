// An issuer of tokens on a free port of the loopback, told what to do by lines of JSON on its input.
//
//   {"token": {"SubjectNameID": "8…"}, "audience": "pli"}   → {"token": "…"}
//   {"person": "8…"}   whoever signs in by a browser of their own from now on   → {}
//   {"browse": "http://…/auth?…", "as": "8…"}               → {"back": "https://…?code=…"}
//
// The first line it says is {"issuer": "http://…"}.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const CLIENT = 'pli';
const SECRET = 'a secret of the stories';
const REDIRECT = process.argv[2] ?? 'https://pro.example/connexion/retour';

let claims = {};
let person = '';

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT,
      client_secret: SECRET,
      grant_types: ['client_credentials', 'authorization_code'],
      response_types: ['code'],
      redirect_uris: [REDIRECT],
    },
  ],
  claims: { openid: ['sub'], identity: ['SubjectNameID'] },
  scopes: ['openid', 'identity'],
  conformIdTokenClaims: true, // the national id comes by userinfo only, as the national issuer does it
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'mail',
        audience: resource.replace('urn:', ''),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: () => claims,
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, SubjectNameID: id }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: CLIENT, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid identity');
    await grant.save();
    return grant;
  },
  cookies: { keys: ['only for an hour'] },
  renderError: (ctx, out, error) => {
    ctx.type = 'json';
    ctx.body = { ...out, detail: String(error) };
  },
});

const answer = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith('/interaction/')) {
    provider.interactionFinished(request, response, { login: { accountId: person } });
  } else {
    answer(request, response);
  }
});

const authorization = `Basic ${Buffer.from(`${CLIENT}:${encodeURIComponent(SECRET)}`).toString('base64')}`;

async function token(order) {
  claims = order.token;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    resource: `urn:${order.audience}`,
    scope: 'mail',
  });
  const reply = await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization } });
  const said = await reply.json();
  if (!reply.ok) throw new Error(JSON.stringify(said));
  return { token: said.access_token };
}

function become(order) {
  person = order.person;
  return {};
}

// A browser whose person signs in at once: cookies kept, redirections followed up to our page.
async function browse(order) {
  person = order.as;
  const jar = new Map();
  let place = order.browse;
  for (let step = 0; step < 10; step += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(place, { redirect: 'manual', headers: { cookie } });
    for (const line of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    const next = reply.headers.get('location');
    if (!next) throw new Error(`${reply.status} at ${place}: ${await reply.text()}`);
    place = new URL(next, place).href;
    if (place.startsWith(REDIRECT)) return { back: place };
  }
  throw new Error('too many redirections');
}

console.log(JSON.stringify({ issuer, secret: SECRET }));
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  try {
    const carry = order.token ? token : order.person ? become : browse;
    console.log(JSON.stringify(await carry(order)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
process.exit(0);
