// An identity provider, as people run one: the reference implementation for Node, with its own pages
// for signing in. Whoever signs in there is who they say, with any password.
import Provider from "oidc-provider";
import { randomBytes } from "node:crypto";
import { House, freePort } from "./house.js";

export const NAME = "Example ID";

export class Identities {
  // A provider, and a house that knows it; with other settings than usual.
  static async open(settings = {}) {
    const identities = new Identities();
    identities.port = await freePort();
    identities.issuer = `http://127.0.0.1:${identities.port}`;
    const secret = randomBytes(16).toString("hex");
    identities.house = await House.open({
      KITH_OIDC_ISSUER: identities.issuer,
      KITH_OIDC_CLIENT_ID: "kith",
      KITH_OIDC_CLIENT_SECRET: secret,
      KITH_OIDC_NAME: NAME,
      ...settings,
    });
    const redirect_uris = [`${identities.house.url}/sign-in/provider/callback`];
    identities.provider = new Provider(identities.issuer, {
      clients: [{ client_id: "kith", client_secret: secret, redirect_uris }],
      claims: { profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
      cookies: { keys: [randomBytes(16).toString("hex")] },
      pkce: { required: () => true },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          name: `${id[0].toUpperCase()}${id.slice(1)} Elsewhere`,
          preferred_username: id,
          email: `${id}@example.org`,
          email_verified: id !== "unchecked",
        }),
      }),
    });
    await identities.listen();
    return identities;
  }

  async listen() {
    this.server = this.provider.listen(this.port, "127.0.0.1");
    await new Promise((resolve) => this.server.once("listening", resolve));
  }

  // Nobody answers there any more.
  async away() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async close() {
    await this.house.close();
    await this.away();
  }
}

// Shows the provider who somebody is, on its own page.
export async function authenticate(page, name) {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("whatever");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

// The same for the first time: then it asks whether this house may know.
export async function identify(page, name) {
  await authenticate(page, name);
  await page.getByRole("button", { name: "Continue" }).click();
}
