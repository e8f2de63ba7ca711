// Whether somebody looks at the page, has their hands on it, and where the keyboard is.
import { alive, expect, test } from "../house.js";

const bell = (page) => page.locator("summary", { has: page.locator("use[href='#i-bell']") });

test("the system tells what comes while nobody looks, once one has asked for it", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(theo, { permissions: ["notifications"] });
  // What the page asks the system to show, beside its being shown.
  await page.addInitScript(() => {
    window.shown = [];
    window.Notification = class extends Notification {
      constructor(title, options) {
        super(title, options);
        window.shown.push({ title, body: options.body, tag: options.tag });
      }
    };
  });
  const shown = () => page.evaluate(() => window.shown);
  await page.goto("/settings/notifications");
  await expect(page.getByText("They are not shown on this device.")).toBeVisible();
  await page.getByRole("button", { name: "Show them on this device" }).click();
  await expect(page.getByText("They are shown on this device.")).toBeVisible();
  await page.goto("/friends");
  await alive(page);
  await house.say(mara, room, "somebody looks");
  await expect(page).toHaveTitle(/^\(1\)/);
  expect(await shown()).toEqual([]);

  const browser = await page.context().newCDPSession(page);
  await browser.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  await (await page.context().newPage()).bringToFront();
  await expect.poll(() => page.evaluate(() => document.hasFocus())).toBe(false);
  await house.say(mara, room, "nobody looks");
  await expect.poll(shown).toEqual([{ title: "Mara Lindqvist", body: "nobody looks", tag: expect.any(String) }]);

  // Nothing of a room of which one wants to hear nothing.
  for (const notify of ["none", "all"]) {
    await house.rest("PATCH", `/rooms/${room}/members/me`, { token: theo.token, body: { notify } });
    await house.say(mara, room, `said with ${notify}`);
  }
  await expect.poll(async () => (await shown()).map(({ body }) => body)).toEqual(["nobody looks", "said with all"]);
});

test("who has no hand on the page for five minutes is away, and back with the first", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  await hers.goto(`/rooms/${room}`);
  await alive(hers);
  const about = hers.locator(".page-header__about");
  const his = await visit(theo);
  await his.clock.install();
  await his.goto(`/rooms/${room}`);
  await alive(his);
  await expect(about).toHaveText("online");
  await his.clock.fastForward("05:30");
  await expect(about).toHaveText("away");
  await expect(hers.locator(".dot--away").first()).toBeVisible();
  await his.mouse.move(200, 200);
  await his.mouse.move(220, 220);
  await expect(about).toHaveText("online");
});

test("a second page of somebody who wants to be seen by nobody does not show them", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  await hers.goto(`/rooms/${room}`);
  await alive(hers);
  const about = hers.locator(".page-header__about");
  const his = await visit(theo);
  await his.clock.install();
  await his.goto("/friends");
  await alive(his);
  await expect(about).toHaveText("online");
  await house.rest("PATCH", "/me", { token: theo.token, body: { invisible: true } });
  await expect(about).not.toHaveText("online");
  // Away, and back: a hand that would show who is seen.
  await his.clock.fastForward("05:30");
  await his.mouse.move(200, 200);
  await his.mouse.move(220, 220);
  await his.getByRole("link", { name: "Requests" }).click();
  await house.say(theo, room, "I am not here");
  await expect(hers.getByText("I am not here").last()).toBeVisible();
  await expect(about).not.toHaveText("online");
});

test("the square of a picture is moved, by mouse and by keyboard", async ({ visit, house }) => {
  const page = await visit(await house.person("mara"));
  await page.goto("/settings");
  // Red on the left, blue on the right.
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(800, 400);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#d00000";
    pen.fillRect(0, 0, 400, 400);
    pen.fillStyle = "#0000d0";
    pen.fillRect(400, 0, 400, 400);
    const blob = await canvas.convertToBlob();
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const colours = () =>
    page.evaluate(async () => {
      const face = document.querySelector(".picture .avatar__picture");
      const picture = await createImageBitmap(await (await fetch(face.src)).blob());
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const pen = canvas.getContext("2d");
      pen.drawImage(picture, 0, 0);
      const at = (x) => pen.getImageData(x, picture.height / 2, 1, 1).data;
      return [at(4), at(picture.width - 4)].map(([red, , blue]) => (red > blue ? "red" : "blue"));
    });
  const choose = () => page.setInputFiles("#picture", { name: "two.png", mimeType: "image/png", buffer: Buffer.from(bytes) });
  const keep = async () => {
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Use this picture" }).click()]);
    await expect(page.getByText("Your picture is changed.")).toBeVisible();
  };
  await choose();
  await keep();
  expect(await colours()).toEqual(["red", "blue"]);

  await choose();
  const square = page.getByRole("img", { name: /The part of the picture/ });
  await square.focus();
  for (let n = 0; n < 40; n++) await page.keyboard.press("ArrowLeft");
  await keep();
  expect(await colours()).toEqual(["red", "red"]);

  await choose();
  const box = await square.boundingBox();
  await page.mouse.move(box.x + box.width - 10, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 10, box.y + 50, { steps: 8 });
  await page.mouse.up();
  await keep();
  expect(await colours()).toEqual(["blue", "blue"]);
});

test("the keyboard comes back to where it was: from a menu, and from what was answered", async ({ visit, house }) => {
  const mara = await house.person("mara", "Mara Lindqvist");
  const theo = await house.person("theo", "Theo Okafor");
  await house.rest("POST", "/friend-requests", { token: mara.token, body: { username: theo.username } });
  const page = await visit(theo);
  await alive(page);
  await bell(page).focus();
  await page.keyboard.press("Enter");
  const see = page.getByRole("link", { name: "See all" });
  await expect(see).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(see).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(see).toBeHidden();
  await expect(bell(page)).toBeFocused();

  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Accept Mara Lindqvist" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("You are now friends with Mara Lindqvist.")).toBeVisible();
  await expect(page.locator(".cards__all")).toBeFocused();
  // Past its end the menu is left behind.
  for (let n = 0; n < 12 && (await see.isVisible()); n++) await page.keyboard.press("Tab");
  await expect(see).toBeHidden();
});

test("a phone has the ways to go at its foot on every page of theirs", async ({ visit, house }) => {
  const theo = await house.person("theo");
  const page = await visit(theo, { viewport: { width: 360, height: 740 } });
  await alive(page);
  const tabs = page.getByRole("navigation", { name: "Sections" });
  for (const [name, path] of [["Friends", "/friends"], ["Activity", "/activity"], ["You", `/people/${theo.username}`], ["Chats", "/"]]) {
    await tabs.getByRole("link", { name }).click();
    await expect(page).toHaveURL(path);
    await expect(tabs.getByRole("link", { name })).toHaveAttribute("aria-current", "page");
  }
  await tabs.getByRole("link", { name: "Friends" }).click();
  await page.getByRole("link", { name: "Requests" }).click();
  await expect(page).toHaveURL("/friends/requests");
  await expect(tabs.getByRole("link", { name: "Friends" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("link", { name: "Find people" }).click();
  await expect(page.getByText("Who are you looking for?")).toBeVisible();
});
