// What a person does while the page is not alive yet, or not connected.
import { alive, expect, test } from "../house.js";

// Keeps the page's connection back until it is let through: both to be waited for.
async function unconnected(page) {
  let connect;
  let waits;
  const through = new Promise((resolve) => (connect = resolve));
  const connecting = new Promise((resolve) => (waits = resolve));
  await page.routeWebSocket(/\/api\/v1\/socket/, async (socket) => {
    waits();
    await through;
    socket.connectToServer();
  });
  return { connect, connecting };
}

// Keeps the page's program back: what lets it through.
async function lifeless(page) {
  let enliven;
  const through = new Promise((resolve) => (enliven = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await through;
    await route.continue();
  });
  return enliven;
}

test("who writes before the page is connected is seen writing once it is", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  await hers.goto(`/rooms/${room}`);
  await alive(hers);
  // Once she hears what is said she hears who writes.
  await house.say(mara, room, "are you there?");
  await expect(hers.getByText("are you there?").last()).toBeVisible();
  const his = await visit(theo);
  // However long the page takes to connect, it was written a moment ago.
  await his.clock.setFixedTime(Date.now());
  const { connect, connecting } = await unconnected(his);
  await his.goto(`/rooms/${room}`);
  await alive(his);
  await connecting;
  await his.getByLabel("Message Mara Lindqvist").pressSequentially("I am");
  connect();
  await expect(hers.getByText("Theo Okafor is typing …")).toBeVisible();
});

test("what is read before the page is connected is read once it is", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await house.say(theo, room, "hello there");
  const page = await visit(mara);
  const { connect, connecting } = await unconnected(page);
  await page.goto("/");
  await alive(page);
  await connecting;
  await expect(page).toHaveTitle(/^\(1\)/);
  await page.getByRole("link", { name: /Theo Okafor/ }).first().click();
  await expect(page.getByRole("log").getByText("hello there")).toBeVisible();
  await page.getByRole("link", { name: /^Friends/ }).first().click();
  await expect(page).toHaveURL("/friends");
  connect();
  await expect(page).toHaveTitle("Friends · Kith");
});

test("menus that are opened and fields that are filled before the page is alive stay so", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const other = await house.person("ines", `Inês Duarte ${mara.username.slice(-4)}`);
  await house.rest("POST", "/friend-requests", { token: other.token, body: { username: mara.username } });
  await house.say(theo, room, "hello there");
  const page = await visit(mara);
  for (const [menu, says] of [
    ["Activity, 1 unread", `${other.name} sent you a friend request.`],
    ["Chats, 1 conversation with something unread", "hello there"],
  ]) {
    const enliven = await lifeless(page);
    await page.goto("/friends");
    await page.locator(`summary[aria-label="${menu}"]`).click();
    enliven();
    await alive(page);
    // What is seen is read, and the menu is called otherwise.
    await expect(page.locator("details.menu[open]").getByText(says)).toBeVisible();
    await page.unrouteAll();
  }
  const enliven = await lifeless(page);
  await page.goto(`/rooms/${room}`);
  const box = page.getByRole("combobox").first();
  await box.pressSequentially("in");
  enliven();
  await alive(page);
  await box.press("End");
  await page.keyboard.type("ê");
  await expect(box).toHaveValue("inê");
  await expect(page.getByRole("option", { name: other.name })).toBeVisible();
});

test("who goes on before the next page is drawn stays where they are", async ({ visit, house }) => {
  const { mara } = await house.friends();
  const page = await visit(mara);
  await page.addInitScript(() => {
    const draw = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (act) => draw(() => setTimeout(act, 300));
  });
  await page.goto("/");
  await alive(page);
  await page.getByRole("link", { name: /^Friends/ }).first().click();
  const box = page.getByRole("combobox").first();
  await box.focus();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await expect(box).toBeFocused();
});

test("what is written into a message goes on while others touch it, and is kept until it is stored", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const { id } = await house.say(mara, room, "first words");
  const page = await visit(mara);
  let tell;
  await page.routeWebSocket(/\/api\/v1\/socket/, (socket) => {
    socket.connectToServer();
    tell = (event) => socket.send(JSON.stringify(event));
  });
  await page.goto(`/rooms/${room}`);
  await alive(page);
  await page.getByRole("textbox", { name: "Message Theo Okafor" }).press("ArrowUp");
  const editor = page.getByRole("textbox", { name: "Edit the message" });
  await editor.fill("second thoughts");
  await house.rest("PUT", `/rooms/${room}/messages/${id}/reactions/${encodeURIComponent("👍")}`, { token: theo.token });
  await house.say(theo, room, "and on");
  await expect(page.getByRole("log").getByText("and on")).toBeVisible();
  await expect(editor).toHaveValue("second thoughts");
  await expect(editor).toBeFocused();
  // Too much was missed: everything is loaded afresh.
  const loaded = page.waitForResponse(/\/messages\?/);
  tell({ type: "gap", room });
  await loaded;
  await expect(page.getByRole("log").getByText("and on")).toBeVisible();
  await expect(editor).toHaveValue("second thoughts");
  // A way that is broken: nothing is lost, and it is said.
  await page.route(/\/messages\//, (route) => route.abort("connectionrefused"));
  await editor.press("Enter");
  const said = page.getByRole("log").getByRole("alert").filter({ hasText: /\w/ });
  await expect(said).toBeVisible();
  await expect(editor).toHaveValue("second thoughts");
  await page.unrouteAll();
  await editor.press("Enter");
  await expect(page.getByRole("log").getByText("second thoughts")).toBeVisible();
  await expect(editor).toHaveCount(0);
  await expect(page.getByRole("alert").filter({ hasText: /\w/ })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "👍 1" })).toBeVisible();
});

test("who leaves a room before its members are known for a mention goes on", async ({ visit, house }) => {
  const { mara, room } = await house.friends();
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await page.route(/\/members\?/, async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest(/\/members\?/);
  await page.getByRole("textbox", { name: "Message Theo Okafor" }).pressSequentially("@");
  await asked;
  await page.getByRole("link", { name: /^Friends/ }).first().click();
  await expect(page).toHaveURL("/friends");
  const answered = page.waitForResponse(/\/members\?/);
  answer();
  await answered;
  await page.getByRole("link", { name: /Theo Okafor/ }).first().click();
  await expect(page.getByRole("textbox", { name: "Message Theo Okafor" })).toBeVisible();
});
