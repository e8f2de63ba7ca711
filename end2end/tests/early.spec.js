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
  const other = await house.person("ines", "Inês Duarte");
  await house.rest("POST", "/friend-requests", { token: other.token, body: { username: mara.username } });
  await house.say(theo, room, "hello there");
  const page = await visit(mara);
  for (const [menu, says] of [
    ["Activity, 1 unread", "Inês Duarte sent you a friend request."],
    ["Chats, 1 conversation with something unread", "hello there"],
  ]) {
    const enliven = await lifeless(page);
    await page.goto("/friends");
    const opener = page.locator(`summary[aria-label="${menu}"]`);
    await opener.click();
    enliven();
    await alive(page);
    await expect(opener.locator("..").getByText(says)).toBeVisible();
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
  await expect(page.getByRole("option", { name: /Inês Duarte/ })).toBeVisible();
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
