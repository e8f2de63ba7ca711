// Several rooms side by side, and what one does about a message by hand.
import { accessible, alive, expect, test } from "../house.js";

const panel = (page, name) => page.getByRole("region", { name, exact: true });
const row = (scope, text) => scope.locator("li.message").filter({ has: scope.page().getByText(text, { exact: true }) });
const chats = (page) => page.getByRole("navigation", { name: "Chats" });
const box = (scope, name) => scope.getByRole("textbox", { name: `Message ${name}` });

async function three(house) {
  const { mara, theo, room } = await house.friends();
  const rooms = {};
  for (const name of ["Garden", "Kitchen"]) {
    const made = await house.rest("POST", "/rooms", { token: theo.token, body: { name, kind: "private", members: [mara.username] } });
    expect(made.status).toBe(201);
    rooms[name] = made.body.id;
  }
  return { mara, theo, direct: room, ...rooms };
}

test("rooms stand side by side, each live, and stay there", async ({ visit, house }) => {
  const { mara, theo, direct, Garden, Kitchen } = await three(house);
  const page = await visit(theo, { viewport: { width: 1440, height: 800 } });
  await page.goto(`/rooms/${Garden}`);
  await alive(page);
  const open = page.getByLabel("Open another chat beside this one");
  await open.click();
  await accessible(page);
  await panel(page, "Garden").getByRole("link", { name: "Kitchen" }).click();
  await expect(page).toHaveURL(`/rooms/${Garden}?beside=${Kitchen}`);
  await expect(box(panel(page, "Kitchen"), "Kitchen")).toBeFocused();
  await page.keyboard.type("is anybody cooking");
  await page.keyboard.press("Enter");
  await expect(row(panel(page, "Kitchen"), "is anybody cooking")).toBeVisible();
  await expect(panel(page, "Garden").getByText("is anybody cooking")).toHaveCount(0);

  // Both are live, and what is seen in both is read.
  await house.say(mara, Garden, "the beans are up");
  const soup = await house.say(mara, Kitchen, "soup at one");
  await expect(row(panel(page, "Garden"), "the beans are up")).toBeVisible();
  await expect(row(panel(page, "Kitchen"), "soup at one")).toBeVisible();
  for (const id of [Garden, Kitchen]) {
    await expect.poll(async () => {
      const { body } = await house.rest("GET", `/rooms/${id}`, { token: theo.token });
      return body.last_seq - body.read_seq;
    }).toBe(0);
  }

  // A third; then all of it again, loaded anew.
  await open.click();
  await panel(page, "Garden").getByRole("link", { name: "Mara Lindqvist" }).click();
  await expect(page).toHaveURL(`/rooms/${Garden}?beside=${Kitchen}.${direct}`);
  await page.reload();
  await alive(page);
  await expect(page.locator("section.conversation")).toHaveCount(3);
  await expect(row(panel(page, "Kitchen"), "soup at one")).toBeVisible();
  await accessible(page);

  // The list changes the first; one that stood beside it takes its place.
  await box(panel(page, "Kitchen"), "Kitchen").fill("half a thought");
  await chats(page).getByRole("link", { name: /Kitchen/ }).click();
  await expect(page).toHaveURL(`/rooms/${Kitchen}?beside=${Garden}.${direct}`);
  await expect(page.locator("section.conversation").first()).toHaveAccessibleName("Kitchen");
  await expect(box(panel(page, "Kitchen"), "Kitchen")).toHaveValue("half a thought");
  // What happens to a message is seen where it stands now.
  await house.rest("PATCH", `/rooms/${Kitchen}/messages/${soup.id}`, { token: mara.token, body: { body: "soup at two" } });
  await expect(panel(page, "Kitchen").getByRole("log")).toContainText("soup at two");
  await panel(page, "Garden").getByRole("link", { name: "Close Garden" }).click();
  await panel(page, "Mara Lindqvist").getByRole("link", { name: "Close Mara Lindqvist" }).click();
  await expect(page.locator("section.conversation")).toHaveCount(1);
  await page.goBack();
  await expect(page.locator("section.conversation")).toHaveCount(2);
});

test("on a narrow screen there is the first alone, and what is hidden stays unread", async ({ visit, house }) => {
  const { mara, theo, Garden, Kitchen } = await three(house);
  const page = await visit(theo, { viewport: { width: 768, height: 800 } });
  await page.goto(`/rooms/${Garden}?beside=${Kitchen}`);
  await alive(page);
  await expect(panel(page, "Kitchen")).toBeHidden();
  await expect(page.getByLabel("Open another chat beside this one")).toBeHidden();
  const behind = async (id) => {
    const { body } = await house.rest("GET", `/rooms/${id}`, { token: theo.token });
    return body.last_seq - body.read_seq;
  };
  await house.say(mara, Kitchen, "nobody sees this");
  await house.say(mara, Garden, "this is seen");
  await expect(chats(page).getByRole("link", { name: /Kitchen/ })).toContainText("1 unread");
  await expect.poll(() => behind(Garden)).toBe(0);
  expect(await behind(Kitchen)).toBe(1);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(row(panel(page, "Kitchen"), "nobody sees this")).toBeVisible();
  await expect.poll(() => behind(Kitchen)).toBe(0);
});

test("a room that is not theirs is not beside either", async ({ visit, house }) => {
  const { mara, theo, Garden } = await three(house);
  const other = await house.rest("POST", "/rooms", { token: mara.token, body: { name: "Hers alone", kind: "private" } });
  await house.say(mara, other.body.id, "for nobody else");
  const page = await visit(theo, { viewport: { width: 1440, height: 800 } });
  await page.goto(`/rooms/${Garden}?beside=${other.body.id}.x.${Garden}`);
  await alive(page);
  await expect(page.getByText("Nothing here")).toBeVisible();
  // Nor in what the page was made from.
  for (const text of ["Hers alone", "for nobody else"]) expect(await page.content()).not.toContain(text);
});

test("what an edited message said before", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const said = await house.say(mara, room, "at **nine**");
  for (const body of ["at ten", "at eleven"]) {
    const edited = await house.rest("PATCH", `/rooms/${room}/messages/${said.id}`, { token: mara.token, body: { body } });
    expect(edited.status).toBe(200);
  }
  const page = await visit(theo);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  const edited = page.getByRole("button", { name: "(edited)" });
  await edited.click();
  await expect(edited).toHaveAttribute("aria-expanded", "true");
  const before = page.getByRole("list", { name: "What it said before" });
  await expect(before.getByRole("listitem")).toHaveText([/at nine$/, /at ten$/]);
  await expect(before.locator(".md-strong")).toHaveText("nine");
  await accessible(page);
  await edited.click();
  await expect(before).toBeHidden();
});

test("a finger that rests on a message shows what can be done about it", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  await house.say(mara, room, "press me");
  const page = await visit(theo, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await page.goto(`/rooms/${room}`);
  await alive(page);
  const pressed = await row(page.locator("body"), "press me").boundingBox();
  const devtools = await page.context().newCDPSession(page);
  const touchPoints = [{ x: pressed.x + 80, y: pressed.y + pressed.height / 2 }];
  await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  const actions = page.getByRole("group", { name: "About this message" });
  await expect(actions).toBeVisible();
  await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await actions.getByRole("button", { name: "Reply" }).tap();
  await page.getByRole("textbox").fill("pressed");
  await page.getByRole("button", { name: "Send" }).tap();
  await expect(row(page.locator("body"), "pressed").locator(".quote")).toContainText("press me");
});
