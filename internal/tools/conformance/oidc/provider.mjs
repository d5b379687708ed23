// An OpenID provider for the board's tests in make conformance: node provider.mjs PORT.
//
// Every name can sign in, with any password. mallory has access to no project, and unrenewed gets
// no refresh token. Clients register themselves. ID tokens expire after 12 seconds.

import { randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const seconds = 12;
const provider = new Provider(`http://127.0.0.1:${port}`, {
  claims: { openid: ["sub", "name", "stowage_projects"] },
  conformIdTokenClaims: false, // the claims are in the ID token, too
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: { registration: { enabled: true } },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, stowage_projects: id === "mallory" ? [] : ["*"] }),
  }),
  issueRefreshToken: (_ctx, _client, code) => code.accountId !== "unrenewed",
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: seconds, Grant: 3600, IdToken: seconds, Interaction: 600, RefreshToken: 3600, Session: 3600 },
});
provider.listen(port, "127.0.0.1");
