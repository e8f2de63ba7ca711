// Signing in by an identity provider: a real one, in a real browser.
import { PASSWORD, accessible, alive, expect, signIn, test as base } from "../house.js";
import { Identities, NAME, authenticate, identify } from "../provider.js";

const test = base.extend({
  identities: async ({}, use) => {
    const identities = await Identities.open();
    await use(identities);
    await identities.close();
  },
});

// A browser that knows nobody yet. The provider's own pages ask for a typeface from elsewhere.
const FONTS = "https://fonts.googleapis.com/";
async function come(visit, { house, issuer }, options = {}) {
  const page = await visit(null, { at: house, also: [issuer, FONTS], ...options });
  await page.context().route(`${FONTS}**`, (route) => route.fulfill({ contentType: "text/css", body: "" }));
  return page;
}

const by = (page) => page.getByRole("link", { name: `Sign in with ${NAME}` });
const home = (page) => page.getByRole("link", { name: "Kith, all chats" });

async function signOut(page) {
  await page.context().clearCookies({ name: "kith" });
  await page.goto("/sign-in");
}

for (const javaScriptEnabled of [true, false]) {
  test(`who comes for the first time chooses a name, and comes back to it (script: ${javaScriptEnabled})`, async ({ identities, visit }) => {
    const { house } = identities;
    const taken = await house.person("mara");
    const page = await come(visit, identities, { javaScriptEnabled });
    await page.goto("/sign-in?next=/friends");
    await accessible(page);
    await by(page).click();
    await identify(page, "mara");
    await expect(page.getByRole("heading", { name: "What shall we call you?" })).toBeVisible();
    await expect(page.getByText(`Signed in with ${NAME} as mara@example.org`)).toBeVisible();
    const name = page.getByLabel("Username");
    await expect(name).toHaveValue("mara");
    await accessible(page);
    await name.fill(taken.username);
    await page.getByRole("button", { name: "Go in" }).click();
    await expect(page.getByText("This username is taken.")).toBeVisible();
    await expect(name).toHaveValue(taken.username);
    await name.fill("mara");
    await page.getByRole("button", { name: "Go in" }).click();
    await expect(page).toHaveURL(`${house.url}/friends`);
    if (javaScriptEnabled) await alive(page);
    // She is known from here on, and asked nothing.
    await signOut(page);
    await by(page).click();
    await expect(home(page)).toBeAttached();
    await page.goto("/settings");
    await expect(page.getByText("@mara", { exact: true })).toBeVisible();
    await expect(page.getByLabel("Display name")).toHaveValue("Mara Elsewhere");
    // Without a password of Kith's: she sets one, right after she came.
    await page.goto("/settings/security");
    await accessible(page);
    await expect(page.getByText(`You sign in with ${NAME}.`)).toBeVisible();
    // The provider knows her by now; she shows it again who she is all the same.
    await page.getByRole("link", { name: "Sign in again" }).click();
    await authenticate(page, "mara");
    await expect(page).toHaveURL(`${house.url}/settings/security`);
    await expect(page.getByText("This device")).toHaveCount(1);
    await page.getByLabel("A password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("Your password is changed")).toBeVisible();
    await signOut(page);
    await signIn(page, { username: "mara@example.org" });
  });
}

test("an account is linked by who is signed in to it, and its address alone leads nowhere", async ({ identities, visit }) => {
  const { house } = identities;
  const theo = await house.person("theo", "Theo Okafor");
  await house.rest("PATCH", "/me", { token: theo.token, body: { email: "theo@example.org", current: PASSWORD } });
  const page = await come(visit, identities);
  await page.goto("/sign-in");
  await by(page).click();
  await identify(page, "theo");
  // Somebody with his address is not him.
  await expect(page.getByRole("heading", { name: "What shall we call you?" })).toBeVisible();
  await page.goto("/sign-in");
  await signIn(page, theo);
  await page.goto("/settings/security");
  await page.getByRole("link", { name: `Sign in with ${NAME} from now on` }).click();
  await expect(page.getByText("From now on you may sign in with the provider.")).toBeVisible();
  await expect(page.getByText(`You sign in with ${NAME}.`)).toBeVisible();
  await signOut(page);
  await by(page).click();
  await expect(home(page)).toBeAttached();
  await page.goto("/settings");
  await expect(page.getByLabel("Display name")).toHaveValue("Theo Okafor");
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Sign in with it no more" }).click();
  await expect(page.getByRole("link", { name: `Sign in with ${NAME} from now on` })).toBeVisible();
  await signOut(page);
  await by(page).click();
  await expect(page.getByRole("heading", { name: "What shall we call you?" })).toBeVisible();
});

test("what did not begin here ends at the door, in words", async ({ identities, visit }) => {
  const { house } = identities;
  const page = await come(visit, identities);
  await page.goto("/sign-in/provider/callback?state=forged&code=forged");
  await expect(page.getByRole("alert")).toContainText("That took too long, or began elsewhere.");
  // Somebody else's answer, shown to who is on their way.
  await page.goto("/sign-in/provider");
  await page.goto(`${house.url}/sign-in/provider/callback?state=forged&code=forged`);
  await expect(page.getByRole("alert")).toContainText("That did not begin here.");
  await page.goto("/sign-in/provider");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("alert")).toContainText("You did not sign in there.");
  await page.goto("/sign-in/provider/name");
  await expect(page.getByRole("alert")).toContainText("That took too long.");
  // A provider that is away, and comes back.
  const other = await Identities.open();
  await other.away();
  const lost = await come(visit, other);
  await lost.goto("/sign-in");
  await by(lost).click();
  await expect(lost.getByRole("alert")).toContainText("The provider does not answer.");
  await other.listen();
  // It is asked again a moment later.
  await expect(async () => {
    await lost.goto("/sign-in");
    await by(lost).click();
    await expect(lost).toHaveURL(new RegExp(`^${other.issuer}`), { timeout: 1_000 });
  }).toPass();
  await identify(lost, "sol");
  await expect(lost.getByRole("heading", { name: "What shall we call you?" })).toBeVisible();
  await other.close();
});

test("an address that the provider has not checked is nobody's", async ({ identities, visit }) => {
  const page = await come(visit, identities);
  await page.goto("/sign-in");
  await by(page).click();
  await identify(page, "unchecked");
  await page.getByRole("button", { name: "Go in" }).click();
  await expect(home(page)).toBeAttached();
  await page.goto("/settings/account");
  await expect(page.getByLabel("E-mail")).toHaveValue("");
  // Nor does another site link anything.
  const foreign = await page.request.get("/sign-in/provider?link", {
    headers: { "sec-fetch-site": "cross-site" },
    maxRedirects: 0,
  });
  expect(foreign.headers().location).toBe("/settings/security");
});

test("a house without passwords has one way in", async ({ visit }) => {
  const identities = await Identities.open({ KITH_PASSWORDS: "off" });
  const { house } = identities;
  const refused = await house.rest("POST", "/accounts", { body: { username: "mara", password: PASSWORD } });
  expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
  const page = await come(visit, identities);
  expect((await page.request.get("/forgotten")).status()).toBe(404);
  for (const path of ["/sign-in", "/sign-up"]) {
    await page.goto(path);
    await expect(page.getByLabel("Password", { exact: true })).toHaveCount(0);
    await accessible(page);
  }
  await by(page).click();
  await identify(page, "mara");
  await page.getByRole("button", { name: "Go in" }).click();
  await expect(home(page)).toBeAttached();
  await page.goto("/settings/security");
  await expect(page.getByRole("heading", { name: "Password" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Sign in with it no more" })).toHaveCount(0);
  // Right after she came she may leave for good.
  await page.goto("/settings/account");
  await page.getByText("Delete my account …").click();
  await page.getByRole("button", { name: "Delete my account", exact: true }).click();
  await expect(page.getByText("Your account is deleted.")).toBeVisible();
  await page.context().close();
  await identities.close();
});
