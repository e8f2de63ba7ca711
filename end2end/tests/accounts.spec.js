import { randomBytes } from "node:crypto";
import { PASSWORD, accessible, alive, expect, test } from "../house.js";

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";

  test(`somebody signs up, signs out and in again${how}`, async ({ visit }) => {
    const page = await visit(null, { javaScriptEnabled });
    const username = `nadia-${randomBytes(4).toString("hex")}`;
    await page.goto("/");
    await accessible(page);
    await page.getByRole("link", { name: "Create an account" }).first().click();
    await accessible(page);
    await page.getByLabel("Username").fill(username);
    await page.getByLabel("E-mail").fill(`${username}@example.org`);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("Quiet here, so far")).toBeVisible();
    await expect(page.getByRole("link", { name: username })).toBeVisible();
    await page.getByLabel("Settings, appearance and signing out").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(/\/sign-in/);
    await accessible(page);
    await page.getByLabel("Username or e-mail").fill(`${username.toUpperCase()}@example.org`);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("Quiet here, so far")).toBeVisible();
  });

  test(`what is wrong is said at its field, and what was typed stays${how}`, async ({ visit, house }) => {
    const taken = await house.person("taken");
    const page = await visit(null, { javaScriptEnabled });
    await page.goto("/sign-up");
    await page.getByLabel("Username").fill(taken.username);
    await page.getByLabel("Password", { exact: true }).fill("short");
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("A password has at least 8 characters.")).toBeVisible();
    await expect(page.getByLabel("Username")).toHaveValue(taken.username);
    await accessible(page);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("This username is taken.")).toBeVisible();
    await page.goto("/sign-in");
    await expect(page.getByText("This username is taken.")).toHaveCount(0);
    await page.getByLabel("Username or e-mail").fill(taken.username);
    await page.getByLabel("Password", { exact: true }).fill("wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("That name and password do not go together.")).toBeVisible();
  });

  test(`a forgotten password is set anew by a link that works once${how}`, async ({ visit, house }) => {
    const username = `ines-${randomBytes(4).toString("hex")}`;
    const email = `${username}@example.org`;
    await house.rest("POST", "/accounts", { body: { username, email, password: PASSWORD } });
    const page = await visit(null, { javaScriptEnabled });
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Forgotten?" }).click();
    await accessible(page);
    const answers = [];
    for (const address of ["nobody@example.org", email]) {
      await page.getByLabel("E-mail").fill(address);
      await page.getByRole("button", { name: "Send the link" }).click();
      await expect(page.getByText("a letter is on its way")).toBeVisible();
      answers.push(await page.getByRole("main").textContent());
    }
    expect(answers[0]).toBe(answers[1]);
    const letter = () => house.printed.split(`To: ${email}`)[1] ?? "";
    const address = /http:\/\/\S+\/reset\/\w+(?=\s)/;
    await expect.poll(letter).toMatch(address);
    expect(house.printed).not.toContain("nobody@example.org");
    const link = address.exec(letter())[0];
    await page.goto(link);
    await accessible(page);
    await page.getByLabel("Password", { exact: true }).fill("short");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("A password has at least 8 characters.")).toBeVisible();
    await page.getByLabel("Password", { exact: true }).fill("another horse");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("Your new password is set.")).toBeVisible();
    await page.getByLabel("Username or e-mail").fill(username);
    await page.getByLabel("Password", { exact: true }).fill("another horse");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("Quiet here, so far")).toBeVisible();
    await page.goto(link);
    await page.getByLabel("Password", { exact: true }).fill("a third horse");
    await page.getByRole("button", { name: "Set the password" }).click();
    await expect(page.getByText("This link has been used, or is older than half an hour.")).toBeVisible();
  });

  test(`who must sign in comes back to where they were${how}`, async ({ visit, house }) => {
    const { mara, room } = await house.friends();
    const page = await visit(null, { javaScriptEnabled });
    await page.goto(`/rooms/${room}`);
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await page.getByLabel("Username or e-mail").fill(mara.username);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`/rooms/${room}`);
  });
}

test("the pages to sign in and up load no WASM, and the room page little", async ({ visit, house }) => {
  const { mara, room } = await house.friends();
  const page = await visit(null);
  const loaded = [];
  page.on("response", (response) => {
    if (/\.(js|wasm)$/.test(new URL(response.url()).pathname)) loaded.push(response);
  });
  for (const path of ["/sign-in", "/sign-up", "/forgotten", "/reset/token"]) {
    await page.goto(path, { waitUntil: "networkidle" });
  }
  expect(loaded.map((response) => new URL(response.url()).pathname)).toEqual(
    loaded.map(() => "/entry.js"),
  );
  loaded.length = 0;
  await page.goto("/sign-in");
  await page.getByLabel("Username or e-mail").fill(mara.username);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.goto(`/rooms/${room}`);
  await alive(page);
  const names = [...new Set(loaded.map((response) => response.url()))].filter((url) => url.includes("/pkg/"));
  let bytes = 0;
  for (const url of names) {
    const answer = await fetch(url, { headers: { "accept-encoding": "br" }, method: "GET" });
    expect(answer.headers.get("content-encoding")).toBe("br");
    expect(answer.headers.get("cache-control")).toContain("immutable");
    const raw = await rawLength(url);
    bytes += raw;
  }
  expect(names.length).toBeGreaterThan(1);
  console.log(`WASM and JavaScript of the room page: ${bytes} bytes in brotli`);
  expect(bytes).toBeLessThanOrEqual(300 * 1024);
});

// As many bytes as go over the wire: fetch would have unpacked them.
async function rawLength(url) {
  const { get } = await import("node:http");
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "br" } }, (response) => {
      let length = 0;
      response.on("data", (chunk) => (length += chunk.length));
      response.on("end", () => resolve(length));
    }).on("error", reject);
  });
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? ", at once" : " by the next click, without JavaScript";

  test(`a session that is ended elsewhere leads to signing in${how}`, async ({ visit, house }) => {
    const { mara, theo, room } = await house.friends();
    const page = await visit(mara, { javaScriptEnabled });
    await page.goto(`/rooms/${room}`);
    if (javaScriptEnabled) await alive(page);
    const sessions = await house.rest("GET", "/sessions", { token: mara.token });
    const other = sessions.body.items.find((session) => !session.current);
    if (!javaScriptEnabled) await page.getByRole("textbox", { name: /^Message / }).fill("too late");
    await house.rest("DELETE", `/sessions/${other.id}`, { token: mara.token });
    if (!javaScriptEnabled) await page.getByRole("button", { name: "Send" }).click();
    await expect(page).toHaveURL(/\/sign-in\?next=%2Frooms%2F/);
    const stored = await house.rest("GET", `/rooms/${room}/messages`, { token: theo.token });
    expect(stored.body.items).toEqual([]);
    await page.getByLabel("Username or e-mail").fill(mara.username);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`/rooms/${room}`);
  });
}

test("the eye shows the password", async ({ visit }) => {
  const page = await visit(null);
  await page.goto("/sign-in");
  await page.getByLabel("Password", { exact: true }).fill("seen");
  await page.getByRole("button", { name: "Show the password" }).click();
  await expect(page.locator("#password")).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide the password" }).click();
  await expect(page.locator("#password")).toHaveAttribute("type", "password");
});

test("dark and light by choice", async ({ visit, house }) => {
  const page = await visit(await house.person("mara"));
  await alive(page);
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByLabel("Settings, appearance and signing out").click();
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.locator("body")).not.toHaveCSS("background-color", light);
  await accessible(page);
});

test("an idle house is small", async ({ house }) => {
  const { readFile } = await import("node:fs/promises");
  const status = await readFile(`/proc/${house.process.pid}/status`, "utf8");
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)[1]);
  console.log(`resident memory after these stories: ${kilobytes} kB`);
  const fresh = await house.constructor.open();
  const idle = await readFile(`/proc/${fresh.process.pid}/status`, "utf8");
  await fresh.close();
  const kb = Number(/VmRSS:\s+(\d+)/.exec(idle)[1]);
  console.log(`resident memory, idle: ${kb} kB`);
  expect(kb).toBeLessThanOrEqual(60 * 1024);
});
